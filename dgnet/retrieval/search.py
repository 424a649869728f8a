"""The k most similar of N kept features, exactly, in float32 or half precision, among all or among chosen rows.

Half precision halves the memory and the time to read it. With one or two queries all products are first made in half
precision, at the speed of memory; they are off by a known bound at most, so every row that may be among the best is
known, and those alone are multiplied again in float32. With more queries, chunks of rows become float32 first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import EvaluationError, Int64Array
from dgnet.retrieval.kernel.neighbours import Neighbours, nearest, stable_top

_CHUNK_BYTES = 128 << 20  # of float32 rows at a time
_FEW_QUERIES = 2
# Of products of unit vectors in half precision: 2^-11 for rounding the query, 2^-12 for rounding the product (which is
# at most about 1), and as much again for sums in float32, which are far more exact.
_HALF_ERROR = 2.0**-10

Features = npt.NDArray[np.float16] | npt.NDArray[np.float32]


def search(queries: npt.NDArray[np.float32], features: Features, k: int, rows: Int64Array | None = None) -> Neighbours:
    """The k rows of `features` (N×F) most similar to each of Q×F queries, by inner product; fewer where there are few.

    Args:
        queries, features: of length 1.
        rows: the rows to search, ascending; None for all. Of equal similarities the lower row is first.

    Returns:
        positions in `features`, and similarities in float32: those of the features as they are kept.
    """
    if k < 1:
        raise EvaluationError(f"k: expected at least 1, found {k}")
    number = len(features) if rows is None else len(rows)
    k = min(k, number)
    if k == 0 or len(queries) == 0:
        return Neighbours(np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32))
    if features.dtype == np.float16 and len(queries) <= _FEW_QUERIES:
        return _by_half_products(queries, features.view(np.float16), k, rows)
    return _by_chunks(queries, features, k, rows)


def _by_chunks(queries: npt.NDArray[np.float32], features: Features, k: int, rows: Int64Array | None) -> Neighbours:
    number = len(features) if rows is None else len(rows)
    asked = torch.from_numpy(np.ascontiguousarray(queries))
    chunk = max(1, _CHUNK_BYTES // (4 * features.shape[1]))
    indices, similarities = [], []
    for start in range(0, number, chunk):
        stop = min(start + chunk, number)
        part = features[start:stop] if rows is None else features[rows[start:stop]]
        near = nearest(asked, _as_float32(part), k, progress=number > chunk)
        places = start + near.index
        indices.append(places if rows is None else rows[places])
        similarities.append(near.similarity)
    if len(indices) == 1:
        return Neighbours(indices[0], similarities[0])
    # Chunks are in order of rows, so the earlier of equal values is the lower row.
    top, place = stable_top(torch.from_numpy(np.concatenate(similarities, axis=1)), k)
    return Neighbours(np.take_along_axis(np.concatenate(indices, axis=1), place.numpy(), axis=1), top.numpy())


def _by_half_products(
    queries: npt.NDArray[np.float32], features: npt.NDArray[np.float16], k: int, rows: Int64Array | None
) -> Neighbours:
    matrix = torch.from_numpy(features)
    gathered = rows is not None and 8 * len(rows) < len(features)
    if gathered:
        matrix = torch.from_numpy(features[rows])
    index = np.empty((len(queries), k), np.int64)
    similarity = np.empty((len(queries), k), np.float32)
    for number, query in enumerate(queries):
        rough = torch.mv(matrix, torch.from_numpy(query.astype(np.float16))).float()
        if rows is not None and not gathered:
            rough = rough[torch.from_numpy(rows)]
        least = float(rough.topk(k).values[-1]) - 2 * _HALF_ERROR
        places = (rough >= least).nonzero()[:, 0].numpy()
        places = places if rows is None else rows[places]
        exact = _as_float32(features[places]) @ torch.from_numpy(query)
        top, order = stable_top(exact[None], k)
        index[number], similarity[number] = places[order[0].numpy()], top[0].numpy()
    return Neighbours(index, similarity)


def _as_float32(features: Features) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(features)).float()
