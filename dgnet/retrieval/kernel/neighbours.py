"""The k most similar gallery images of each query: exact, ties in gallery order, one block of queries at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import EvaluationError, Int64Array
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES, similarity_blocks

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbours:
    """Q×k gallery positions and their similarities, most similar first."""

    index: Int64Array
    similarity: Float32Array


def nearest(
    query: torch.Tensor, gallery: torch.Tensor, k: int, *, block_bytes: int = BLOCK_BYTES, progress: bool = True
) -> Neighbours:
    """The k most similar of N gallery features for each query, by inner product; all N where k is larger."""
    if k < 1:
        raise EvaluationError(f"k: expected at least 1 neighbour, found {k}")
    k = min(k, len(gallery))
    index = np.empty((len(query), k), dtype=np.int64)
    similarity = np.empty((len(query), k), dtype=np.float32)
    for block in similarity_blocks(query, gallery, block_bytes=block_bytes, progress=progress, what="neighbours"):
        values, positions = stable_top(block.similarity, k)
        rows = slice(block.start, block.start + len(values))
        index[rows], similarity[rows] = positions.cpu().numpy(), values.cpu().numpy()
    return Neighbours(index, similarity)


def stable_top(values: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k greatest values of each row and their places, in descending order; of equal values the earlier is first.

    torch.topk promises no order among equal values. So k + 1 values are asked for: where the k-th and the next are
    equal, topk may have left out the wrong one, and that row is sorted as a whole.
    """
    width = values.shape[1]
    top, place = values.topk(min(k + 1, width), dim=1)
    if width > k:
        straddling = (top[:, k] == top[:, k - 1]).nonzero()[:, 0]
        if len(straddling):
            ordered, order = values[straddling].sort(dim=1, descending=True, stable=True)
            top[straddling], place[straddling] = ordered[:, : k + 1], order[:, : k + 1]
    top, place = top[:, :k], place[:, :k]
    by_place = place.argsort(dim=1)
    top, place = top.gather(1, by_place), place.gather(1, by_place)
    top, by_value = top.sort(dim=1, descending=True, stable=True)
    return top, place.gather(1, by_value)
