"""The nearest other images of each image of one set, for callers outside of retrieval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.retrieval.arrays import FeatureArray, Int64Array, feature_matrix, same_width
from dgnet.retrieval.kernel.self_neighbours import self_neighbours
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES
from dgnet.retrieval.kernel.sparse import Float32Array


@dataclass(frozen=True)
class NearPairs:
    """Pairs of images, `first` < `second`, each once, sorted by both; `similarity` is their inner product."""

    first: Int64Array
    second: Int64Array
    similarity: Float32Array


def near_pairs(features: FeatureArray, k: int, *, block_bytes: int = BLOCK_BYTES, progress: bool = True) -> NearPairs:
    """Every pair of N images of which one is among the k most similar others of the other.

    Memory: N·k pairs and 1.5 blocks, never N·N. Raises EvaluationError on features that are not finite.
    """
    matrix = feature_matrix(features, "features", "cpu")
    same_width(matrix, matrix)
    found = self_neighbours(matrix, k + 1, block_bytes=block_bytes, progress=progress)
    row = np.repeat(np.arange(len(matrix)), found.index.shape[1])
    column = found.index.ravel().astype(np.int64)
    first, second = np.minimum(row, column), np.maximum(row, column)
    other = first < second
    key, place = np.unique(first[other] * len(matrix) + second[other], return_index=True)
    return NearPairs(key // len(matrix), key % len(matrix), found.similarity.ravel()[other][place])
