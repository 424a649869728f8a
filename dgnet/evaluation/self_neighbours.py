"""Every image's nearest neighbours among all images. Similarity is symmetric, so half of the products are enough.

Strips of rows are multiplied with the columns from the strip on. An entry s[i, j] may belong to the neighbours of i
and to those of j; after the first strip only entries above what either has already are looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from .arrays import Int64Array
from .neighbours import Float32Array, stable_top

Int32Array = npt.NDArray[np.int32]

_ROUND = 32  # new candidates of one image that are merged at a time


@dataclass(frozen=True)
class SelfNeighbours:
    """N×k: each image's most similar images, itself included, most similar first, ties in order of position."""

    index: Int32Array
    similarity: Float32Array
    lowest: Float32Array  # N: the least similarity of each image with any
    kept: Float32Array  # of the first `keep` images with all later ones


def self_neighbours(
    features: torch.Tensor, k: int, *, block_bytes: int, keep: int = 0, progress: bool = True
) -> SelfNeighbours:
    """The k most similar of all N features N×F (on the CPU), by inner product; about `block_bytes` × 2 are held.

    Similarities of the first `keep` images with the N - keep others are made on the way; they are given back.
    """
    number = len(features)
    k = min(k, number)
    best = _Best.empty(number, k)
    lowest = np.full(number, np.inf, dtype=np.float32)
    kept = np.empty((keep, number - keep if keep else 0), dtype=np.float32)
    matrix = features.numpy()
    rows = max(k, block_bytes // (4 * number))
    buffer = np.empty(rows * number, dtype=np.float32)
    mask = np.empty(rows * number, dtype=bool)
    with tqdm(total=number, desc="neighbours", unit="image", dynamic_ncols=True, disable=not progress) as bar:
        for start in range(0, number, rows):
            stop = min(start + rows, number)
            strip = buffer[: (stop - start) * (number - start)].reshape(stop - start, number - start)
            np.matmul(matrix[start:stop], matrix[start:].T, out=strip)
            if start < keep:
                kept[start:stop] = strip[: keep - start, keep - start :]
            lowest[start:stop] = np.minimum(lowest[start:stop], strip.min(axis=1))
            lowest[start:] = np.minimum(lowest[start:], strip.min(axis=0))
            right = strip[:, stop - start :]
            if start == 0:
                best.start(slice(0, stop), strip)
                best.start(slice(stop, number), np.ascontiguousarray(right.T))
            else:
                row, column = _places_above(best.worst(start, stop)[:, None], strip, mask)
                best.merge(start + row, start + column, strip[row, column])
                row, column = _places_above(best.worst(stop, number), right, mask)
                by_column = np.argsort(column, kind="stable")
                row, column = row[by_column], column[by_column]
                best.merge(stop + column, start + row, right[row, column])
            bar.update(stop - start)
    return SelfNeighbours(best.index, best.similarity, lowest, kept)


def _places_above(
    limit: Float32Array, values: Float32Array, mask: npt.NDArray[np.bool_]
) -> tuple[Int64Array, Int64Array]:
    """Rows and columns where `values` exceed `limit`, by rows. `mask` is room for as many booleans.

    NumPy finds places several times faster in a flat array than in a matrix, and new memory costs more than the work.
    """
    flat = mask[: values.size]
    np.greater(values, limit, out=flat.reshape(values.shape))
    row, column = np.divmod(np.flatnonzero(flat), max(1, values.shape[1]))
    return row, column


@dataclass(frozen=True)
class _Best:
    """The k best so far of every image, in order. What comes later stands at later positions, so it loses ties."""

    similarity: Float32Array
    index: Int32Array

    @classmethod
    def empty(cls, number: int, k: int) -> _Best:
        return cls(np.full((number, k), -np.inf, dtype=np.float32), np.full((number, k), -1, dtype=np.int32))

    def worst(self, start: int, stop: int) -> Float32Array:
        """What a later image must exceed to enter these lists."""
        return self.similarity[start:stop, -1]

    def start(self, owners: slice, similarity: Float32Array) -> None:
        """Fill the owners' lists from similarities owners×(at least k columns, from position 0)."""
        if len(similarity):
            top, place = stable_top(torch.from_numpy(similarity), self.index.shape[1])
            self.similarity[owners], self.index[owners] = top.numpy(), place.numpy()

    def merge(self, owner: Int64Array, other: Int64Array, value: Float32Array) -> None:
        """Take in candidates, sorted by owner and then by position."""
        if owner.size == 0:
            return
        who, first, count = np.unique(owner, return_index=True, return_counts=True)
        place = np.arange(len(owner)) - np.repeat(first, count)
        slot = np.repeat(np.arange(len(who)), count)
        for low in range(0, int(count.max()), _ROUND):
            chosen = (place >= low) & (place < low + _ROUND)
            some, first_of = np.unique(slot[chosen], return_inverse=True)
            self._merge_round(who[some], first_of, place[chosen] - low, other[chosen], value[chosen])

    def _merge_round(
        self, who: Int64Array, slot: Int64Array, place: Int64Array, other: Int64Array, value: Float32Array
    ) -> None:
        k, width = self.index.shape[1], int(place.max()) + 1
        similarity = np.full((len(who), k + width), -np.inf, dtype=np.float32)
        index = np.full((len(who), k + width), -1, dtype=np.int32)
        similarity[:, :k], index[:, :k] = self.similarity[who], self.index[who]
        similarity[slot, k + place], index[slot, k + place] = value, other
        top, order = stable_top(torch.from_numpy(similarity), k)
        self.similarity[who] = top.numpy()
        self.index[who] = np.take_along_axis(index, order.numpy(), axis=1)
