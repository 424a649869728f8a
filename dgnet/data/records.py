"""What a data set is: records of (path, pid, camid) in three splits, checked when they are put together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dgnet.errors import DgnetError

JUNK_PID = -1
UNKNOWN_CAMERA = -1
NUM_NAMED = 5  # how many offenders an error message names before it only counts them


class DataError(DgnetError, ValueError):
    """Something is wrong with the data: the message names the file or field, what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One image: `pid` is the data set's raw identity (never a contiguous label), `camid` -1 where it is unknown."""

    path: str
    pid: int
    camid: int


@dataclass(frozen=True)
class ReidDataset:
    """Records of one data set, each split sorted by path.

    `num_junk` counts the images left out because their identity is -1; `notes` are sentences a user should read;
    `also` names the data sets whose training images are in `train` beside its own; `names` says what an identity is
    called in the data set, where that is not its pid.
    Build one with `assemble`, which checks it.
    """

    name: str
    root: Path
    train: tuple[Record, ...]
    query: tuple[Record, ...]
    gallery: tuple[Record, ...]
    multi_query: tuple[Record, ...] = ()
    num_junk: int = 0
    notes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def trained_on(self) -> str:
        """The names of all data sets that `train` is made of, joined by +."""
        return "+".join((self.name, *self.also))

    @property
    def has_cameras(self) -> bool:
        """Whether every test image's camera is known, so that same-camera matches can be left out of an evaluation."""
        return all(r.camid != UNKNOWN_CAMERA for r in (*self.query, *self.gallery, *self.multi_query))

    def labels(self) -> dict[int, int]:
        """Training pid -> contiguous label 0..C-1, in the order of the pids."""
        return {pid: label for label, pid in enumerate(sorted({r.pid for r in self.train}))}

    def splits(self) -> dict[str, tuple[Record, ...]]:
        """The splits by name, empty ones included."""
        return {
            "train": self.train,
            "query": self.query,
            "gallery": self.gallery,
            "multi_query": self.multi_query,
        }


def assemble(
    name: str,
    root: Path,
    splits: Mapping[str, Iterable[Record]],
    *,
    num_junk: int = 0,
    notes: Iterable[str] = (),
) -> ReidDataset:
    """Sort the splits (`train`, `query`, `gallery`, `multi_query`), check them and say what a user should know.

    Raises DataError when a file is listed twice in a split, belongs to two identities, is both in training and in the
    test, when there is no image at all, or when no query has its identity in the gallery.
    """
    ordered = {split: tuple(sorted(records, key=lambda r: r.path)) for split, records in splits.items()}
    train, query, gallery = (ordered.get(split, ()) for split in ("train", "query", "gallery"))
    if not train and not gallery:
        raise DataError(f"{root}: no image was found in any split of the data set {name!r}")
    for split, records in ordered.items():
        _refuse_repeats(root, split, records)
    _refuse_shared(root, train, (*query, *gallery))
    return ReidDataset(
        name=name,
        root=root,
        train=train,
        query=query,
        gallery=gallery,
        multi_query=ordered.get("multi_query", ()),
        num_junk=num_junk,
        notes=(*notes, *_retrieval_notes(root, query, gallery)),
    )


def name_some(items: Iterable[object], limit: int = NUM_NAMED) -> str:
    """The first few items for an error message, and how many more there are; undecodable names are escaped."""
    listed = list(items)
    shown = ", ".join(str(item).encode("utf-8", "backslashreplace").decode() for item in listed[:limit])
    return shown if len(listed) <= limit else f"{shown} and {len(listed) - limit} more"


def _refuse_repeats(root: Path, split: str, records: tuple[Record, ...]) -> None:
    for before, after in itertools.pairwise(records):
        if before.path == after.path:
            if before.pid != after.pid:
                raise DataError(
                    f"{root}: the file {name_some([before.path])} belongs to two identities in {split}, "
                    f"{before.pid} and {after.pid}: keep one of them"
                )
            raise DataError(f"{root}: the file {name_some([before.path])} is listed twice in {split}: remove one")


def _refuse_shared(root: Path, train: tuple[Record, ...], test: tuple[Record, ...]) -> None:
    shared = sorted({r.path for r in train} & {r.path for r in test})
    if shared:
        raise DataError(
            f"{root}: {len(shared)} files are both in train and in the test (query or gallery): {name_some(shared)}. "
            "Training on test images makes every figure worthless: take them out of one split"
        )


def _retrieval_notes(root: Path, query: tuple[Record, ...], gallery: tuple[Record, ...]) -> list[str]:
    if not query:
        return []
    absent = sorted({r.pid for r in query} - {r.pid for r in gallery})
    if len(absent) == len({r.pid for r in query}):
        raise DataError(
            f"{root}: none of the {len(absent)} query identities is in the gallery (queries: {name_some(absent)}), "
            "so nothing can be evaluated: check that query and gallery come from one data set"
        )
    if absent:
        verb = "identity is" if len(absent) == 1 else "identities are"
        return [f"{len(absent)} query {verb} absent from the gallery and cannot be evaluated: {name_some(absent)}"]
    return []
