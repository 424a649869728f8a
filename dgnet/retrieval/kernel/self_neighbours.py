"""Every image's nearest neighbours among all images. Similarity is symmetric, so half of the products are enough.

The N×N similarities are made in strips of rows, from the diagonal to the right. An entry s[i, j] is a candidate for the
neighbours of i and for those of j. After the first strip, an entry is taken up only where it exceeds the worst
neighbour that i, or j, has so far.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.kernel.best_lists import BestLists
from dgnet.retrieval.kernel.neighbours import Float32Array
from dgnet.retrieval.kernel.products import inner_products

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True)
class SelfNeighbours:
    """N×k: the most similar images of each image, itself included, most similar first; ties in order of position."""

    index: Int32Array
    similarity: Float32Array
    lowest: Float32Array  # N: the least similarity of each image with any image
    kept: Float32Array  # keep×(N - keep): the similarities of the first `keep` images with all others


def self_neighbours(
    features: torch.Tensor, k: int, *, block_bytes: int, keep: int = 0, progress: bool = True
) -> SelfNeighbours:
    """The k most similar images of each of N, by the inner product of features N×F on the CPU.

    It takes about 1.5 × `block_bytes` of memory. The similarities of the first `keep` images with the N - keep others
    are made on the way, and returned as `kept`.
    """
    number = len(features)
    k = min(k, number)
    rows = max(k, block_bytes // (8 * number))
    gathered = _Gathered(number, k, keep, room=rows * number)
    buffers = [np.empty(rows * number, dtype=np.float32) for _ in range(2)]
    bar = tqdm(total=number, desc="neighbours", unit="image", dynamic_ncols=True, disable=not progress)
    # While one strip is searched for neighbours, the next is multiplied, so that no core waits.
    with bar, ThreadPoolExecutor(max_workers=1) as worker:
        looking: Future[None] | None = None
        for turn, start in enumerate(range(0, number, rows)):
            stop = min(start + rows, number)
            strip = buffers[turn % 2][: (stop - start) * (number - start)].reshape(stop - start, number - start)
            inner_products(features[start:stop], features[start:], torch.from_numpy(strip))
            if looking:
                looking.result()
            looking = worker.submit(gathered.take, start, strip)
            bar.update(stop - start)
        if looking:
            looking.result()
    return SelfNeighbours(gathered.best.index, gathered.best.similarity, gathered.lowest, gathered.kept)


class _Gathered:
    """The neighbours, the least similarities and the kept similarities, as found in the strips so far."""

    def __init__(self, number: int, k: int, keep: int, room: int) -> None:
        self.best = BestLists.empty(number, k)
        self.lowest = np.full(number, np.inf, dtype=np.float32)
        self.kept = np.empty((keep, number - keep if keep else 0), dtype=np.float32)
        self._mask = np.empty(room, dtype=bool)

    def take(self, start: int, strip: Float32Array) -> None:
        """Search a strip: its first row and its first column are both image `start`."""
        rows, stop, keep = len(strip), start + len(strip), len(self.kept)
        if start < keep:
            self.kept[start:stop] = strip[: keep - start, keep - start :]
        self.lowest[start:stop] = np.minimum(self.lowest[start:stop], strip.min(axis=1))
        self.lowest[start:] = np.minimum(self.lowest[start:], strip.min(axis=0))
        right = strip[:, rows:]
        if start == 0:
            self.best.fill(0, strip)
            self.best.fill(stop, np.ascontiguousarray(right.T))
            return
        row, column = self._places_above(self.best.worst(start, stop)[:, None], strip)
        self.best.merge(start + row, start + column, strip[row, column])
        row, column = self._places_above(self.best.worst(stop, stop + right.shape[1]), right)
        by_column = np.argsort(column, kind="stable")
        row, column = row[by_column], column[by_column]
        self.best.merge(stop + column, start + row, right[row, column])

    def _places_above(self, limit: Float32Array, values: Float32Array) -> tuple[Int64Array, Int64Array]:
        """The places (row, column) where `values` exceed `limit`, row by row.

        NumPy finds places several times faster in a flat array than in a matrix. Allocating memory takes longer than
        the comparison, so the same memory serves every strip.
        """
        flat = self._mask[: values.size]
        np.greater(values, limit, out=flat.reshape(values.shape))
        row, column = np.divmod(np.flatnonzero(flat), max(1, values.shape[1]))
        return row, column
