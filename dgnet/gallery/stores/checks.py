"""Checks of what a store is given: one feature of the right length per image, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgnet.gallery.stores.protocol import Entry, Float32Array, GalleryError, Meta


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
