"""The contract of stores: what each keeps and promises, in a file (SQLite) or on a server (Milvus, PostgreSQL).

A store keeps entries, one per image of a person, with one feature each; `Meta`, which says which model made the
features and never changes; and notes, named texts such as the calibration. One test runs over all stores.

Promises:
- **An acknowledged batch stays.** When `add` returns, the whole batch survives the death of this process and of the
  machine (of a server: as far as its own settings promise that).
- **Nothing is doubled.** The id of an entry is a function of its image and of the model (`entry_id`), so whoever adds
  the same image again, after a crash or at the same time, finds it there or writes the same entry.
- **Nothing is half there.** An entry is seen with its feature, or not at all. Where there are transactions, so is a
  batch; where there are none (Milvus), a batch that was interrupted may be there in part, and adding it again
  completes it.
- **Filters come before the top k**: the k most similar of those entries that pass, not those of the top k that pass.
- **Removed is gone**: SQLite overwrites the bytes; a server frees them by its own compaction, which `remove` starts.
- Text is data: names, sources and notes may hold quotes, SQL, newlines or any other character except NUL.

Each store module has a class with two class methods, which `choice` calls:
`create(address: str, meta: Meta)` refuses with GalleryError where a gallery is already; `open(address: str)` refuses
where there is none. All errors that a user can put right are GalleryErrors that name the address.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from dgnet.errors import DgnetError

FORMAT = 1  # of what a gallery keeps; one with a higher number was made by a newer dgnet
CALIBRATION = "calibration"  # the name of the note that holds thresholds and probabilities, as JSON

Float32Array = npt.NDArray[np.float32]
Precision = Literal["float16", "float32"]


class GalleryError(DgnetError, ValueError):
    """A gallery that cannot be opened, read or changed; the message names it, what was found and what to do."""


def as_name(given: object) -> str:
    """What a user calls a camera or a person, as text; a number by its digits, and None is not known."""
    return "" if given is None else str(given)


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a person in a gallery; its feature and its thumbnail are read apart. Names become text.

    Args:
        id: 32 hexadecimal digits, by `entry_id`.
        content_hash: SHA-256 of the image file's bytes (or of the pixels, where there is no file), hexadecimal.
        source: where the image came from, such as its path.
        camera: its name; empty where unknown.
        time: seconds, on whatever clock the user has (since 1970 where dates are given); None where unknown.
        identity: who it is, as the user calls the person; empty where unknown.
        track: the tracklet of the camera that it belongs to; empty where unknown.
    """

    id: str
    content_hash: str
    source: str
    camera: str = ""
    time: float | None = None
    identity: str = ""
    track: str = ""

    def __post_init__(self) -> None:
        for name in ("camera", "identity", "track"):
            object.__setattr__(self, name, as_name(getattr(self, name)))


def entry_id(content_hash: str, model_hash: str) -> str:
    """The id of the entry of an image in a gallery of a model: the same whoever computes it."""
    return hashlib.sha256(f"{model_hash}:{content_hash}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Meta:
    """What a gallery holds features of; fixed when it is made.

    Args:
        model_hash: of the model's file and of how its features are taken: features of another are refused.
        model_name: what the user called the model, to load it again; for people to read.
        preprocessing: what is done to an image before the model sees it, in words, for people to read.
        dim: numbers per feature. Features have length 1, so inner products are cosines.
        precision: how features are kept. A store that cannot keep `float16` keeps `float32`, and its `meta` says so.
        thumbnails: whether small pictures are kept too.
        format: FORMAT of the dgnet that made it.
        part, height, width, input: which of the model's features, the size of the images it takes, and what numbers it
            takes for pixels, to load it again.
    """

    model_hash: str
    model_name: str
    preprocessing: str
    dim: int
    precision: Precision = "float16"
    thumbnails: bool = True
    format: int = FORMAT
    part: str = ""
    height: int = 0
    width: int = 0
    input: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str, address: str) -> Meta:
        """Read what `to_json` wrote. Raises GalleryError for a newer format and for anything else."""
        try:
            found = json.loads(text)
            if found["format"] > FORMAT:
                raise GalleryError(
                    f"{address}: made by a newer dgnet (format {found['format']}; this one reads up to {FORMAT}); "
                    "upgrade dgnet to open it"
                )
            return cls(**{field.name: found[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, GalleryError):
                raise
            raise GalleryError(f"{address}: not a gallery of dgnet's, or damaged: {error}") from error


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are meant: those that pass every condition given. None means no condition. Names become text.

    An entry without a time passes neither `after` nor `before`. An empty tuple of ids, cameras, ... passes nothing.

    Args:
        ids, sources, cameras, identities: one of these, exactly.
        not_cameras: none of these cameras; an entry of unknown camera passes.
        after: time >= after, in seconds.
        before: time < before.
        known: True: the identity is known; False: it is not.
    """

    ids: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    cameras: tuple[str, ...] | None = None
    not_cameras: tuple[str, ...] | None = None
    identities: tuple[str, ...] | None = None
    after: float | None = None
    before: float | None = None
    known: bool | None = None

    def __post_init__(self) -> None:
        for name in ("cameras", "not_cameras", "identities"):
            given = getattr(self, name)
            object.__setattr__(self, name, None if given is None else tuple(map(as_name, given)))

    @property
    def is_empty(self) -> bool:
        """Whether it has no condition, so that every entry passes."""
        return all(getattr(self, field.name) is None for field in fields(self))


EVERY = Filter()


@dataclass(frozen=True)
class Hits:
    """For each of Q queries its k most similar entries, most similar first; k is smaller where fewer pass.

    `ids` has Q lists of k ids, `similarity` (float32 Q×k) their cosines with the query. The order of equal
    similarities is the store's own.
    """

    ids: list[list[str]]
    similarity: Float32Array


class Store(Protocol):
    """An open gallery. Where a method takes a `Filter`, `EVERY` means all entries."""

    address: str  # as the user gave it, for messages; without a password

    @property
    def meta(self) -> Meta: ...

    def add(self, entries: Sequence[Entry], vectors: Float32Array, thumbnails: Sequence[bytes]) -> list[bool]:
        """Add a batch and return, for each entry, whether it was new. Those whose id is there stay as they are.

        Args:
            entries: no id twice.
            vectors: N×dim features of length 1, in the order of `entries`.
            thumbnails: N JPEG files; empty bytes where there is none. Not kept where `meta.thumbnails` is False.
        """

    def remove(self, only: Filter) -> int:
        """Remove the entries that pass, with features and thumbnails; return how many. Refuses an empty filter."""

    def label(self, ids: Sequence[str], identity: str) -> int:
        """Say who these entries are (empty: unknown again), and return how many of the ids are there."""

    def count(self, only: Filter = EVERY) -> int:
        """The number of entries that pass."""

    def state(self) -> tuple[int, ...]:
        """Numbers that are others after entries have changed, by whoever; in Milvus, after their number has."""

    def present(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that are there."""

    def search(self, queries: Float32Array, k: int, only: Filter = EVERY) -> Hits:
        """The k (at least 1) most similar entries that pass, for each of Q×dim queries of length 1.

        It sees what was acknowledged before it began, by whichever process.
        """

    def get(self, ids: Sequence[str]) -> dict[str, Entry]:
        """The entries with these ids; ids that are not there are left out."""

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        """The features (float32, dim) of those of the ids that are there."""

    def thumbnails(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The thumbnails of those of the ids that have one."""

    def entries(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[list[Entry]]:
        """All entries that pass, in batches, in the same order each time while nothing is changed."""

    def read(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[tuple[list[Entry], Float32Array]]:
        """As `entries`, with the features N×dim of each batch, float32."""

    def note(self, name: str) -> str | None:
        """A note's text; None where there is no such note."""

    def set_note(self, name: str, text: str | None) -> None:
        """Keep a note, in place of an older one of this name; None removes it."""

    def change_note(self, name: str, change: Callable[[str | None], str]) -> str:
        """Keep what `change` makes of a note (None where there is none), and return it.

        Nobody else's change comes between; where there are no transactions (Milvus), one of two may be lost.
        """

    def check(self) -> list[str]:
        """Read everything and return its faults, one sentence each; none where the gallery is sound."""

    def close(self) -> None:
        """Let go of files and connections; the store is not used any more."""
