"""What the stores on servers share: addresses without their passwords, and checks of what is given to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dgnet.gallery.stores.protocol import Entry, Float32Array, GalleryError, Meta, entry_id

CONNECT_SECONDS = 5  # after which a server that does not answer counts as away
_NORM_TOLERANCE = 1e-2  # half precision changes the length of a feature by less than 1e-3


def without_password(address: str) -> str:
    """The address, as it may be printed."""
    shown = re.sub(r"(://[^:/@?]*):[^/?]*@", r"\1@", address)
    return re.sub(r"([?&]password=)[^&]*", r"\1...", shown)


def check_batch(
    entries: Sequence[Entry], vectors: Float32Array, thumbnails: Sequence[bytes], meta: Meta, address: str
) -> None:
    """Raise GalleryError unless there is one feature of the gallery's length, and one thumbnail, per entry."""
    check_features(vectors, meta.dim, address)
    if not len(entries) == len(vectors) == len(thumbnails):
        raise GalleryError(
            f"{address}: {len(entries)} entries, {len(vectors)} features and {len(thumbnails)} thumbnails were given; "
            "there must be one of each per image"
        )
    if len({entry.id for entry in entries}) < len(entries):
        raise GalleryError(f"{address}: an entry was given twice in one batch; give each image once")


def check_features(vectors: Float32Array, dim: int, address: str) -> None:
    """Raise GalleryError unless features are N×dim and finite."""
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        found = "×".join(map(str, vectors.shape))
        raise GalleryError(
            f"{address}: holds features of {dim} numbers, was given an array of {found}; "
            "use the model that the gallery was made with"
        )
    if not np.isfinite(vectors).all():
        raise GalleryError(f"{address}: was given a feature that is not finite; the model's output is damaged")


def faults(batches: Iterable[tuple[list[Entry], Float32Array]], meta: Meta) -> Iterator[str]:
    """What is wrong with the entries of a gallery, one sentence per entry that has a fault."""
    for entries, vectors in batches:
        lengths = np.linalg.norm(vectors, axis=1)
        for entry, length in zip(entries, lengths.tolist(), strict=True):
            if entry.id != entry_id(entry.content_hash, meta.model_hash):
                yield f"entry {entry.id} of {entry.source!r}: its id is not that of its image and the gallery's model"
            if not abs(length - 1) < _NORM_TOLERANCE:  # also where it is not a number
                yield f"entry {entry.id} of {entry.source!r}: its feature has length {length:.3g}, must be 1"


def in_parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
