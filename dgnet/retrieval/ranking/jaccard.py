"""Jaccard distances between the k-reciprocal encodings of all images: sparse, and made without an N×N matrix.

    d_ij = 1 - m_ij / (2 - m_ij),   m_ij = sum_k min(V_ik, V_jk)

with V as in `reciprocal`. It is the first term of the re-ranked distance (`rerank`), here between all pairs of images,
as clustering needs it. Two images without a common member in their encodings have the distance 1; such pairs, nearly
all of them, are not stored.
"""

from __future__ import annotations

import numpy as np
from torch.nn.functional import normalize
from tqdm import tqdm

from dgnet.retrieval.arrays import EvaluationError, FeatureArray, Int64Array, feature_matrix
from dgnet.retrieval.kernel.self_neighbours import self_neighbours
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES
from dgnet.retrieval.kernel.sparse import SparseRows, from_entries, stacked
from dgnet.retrieval.ranking.reciprocal import reciprocal_encodings
from dgnet.retrieval.ranking.rerank import K1, K2

_TERMS_AT_ONCE = 1 << 21  # terms min(V_ik, V_jk) that are held at a time, about 50 bytes each


def jaccard_distances(
    features: FeatureArray, *, k1: int = K1, k2: int = K2, block_bytes: int = BLOCK_BYTES, progress: bool = True
) -> SparseRows:
    """The distances d_ij below 1 of N images, as the symmetric N×N matrix of stored entries; d_ii = 0 is among them.

    Args:
        features: N×F, of any length; their directions count.
        k1: neighbours that an encoding is made from; at most N - 1.
        k2: neighbours whose encodings are averaged; 1 leaves them as they are.

    Raises:
        EvaluationError: k1 or k2 is impossible, or all images have the same feature.
    """
    matrix = normalize(feature_matrix(features, "features", "cpu"), dim=1)
    number = len(matrix)
    if not 1 <= k1 < number:
        raise EvaluationError(f"k1: found {k1}, must be from 1 to {number - 1} (all images but one)")
    if not 1 <= k2 <= k1 + 1:
        raise EvaluationError(f"k2: found {k2}, must be from 1 to k1 + 1 = {k1 + 1}")
    neighbours = self_neighbours(matrix, k1 + 1, block_bytes=block_bytes, progress=progress)
    if (neighbours.lowest >= 1 - 1e-6).any():
        raise EvaluationError("the images' features are all the same: no distance tells them apart")
    return _distances(reciprocal_encodings(matrix.numpy(), neighbours, k1, k2), progress)


def _distances(rows: SparseRows, progress: bool) -> SparseRows:
    """The distances of all pairs of rows of V that have a column in common, some rows at a time."""
    number, columns = rows.num_rows, rows.transposed(rows.num_rows)
    # A row meets every row that has an entry in one of its columns. Rows are taken together up to a number of meetings.
    meetings = np.concatenate([[0], np.cumsum(np.diff(columns.starts)[rows.columns])])[rows.starts]
    parts, start = [], 0
    with tqdm(total=number, desc="distances", unit="image", dynamic_ncols=True, disable=not progress) as bar:
        while start < number:
            stop = int(np.searchsorted(meetings, meetings[start] + _TERMS_AT_ONCE, side="right")) - 1
            stop = min(number, max(stop, start + 1))
            parts.append(_some(rows, columns, np.arange(start, stop)))
            bar.update(stop - start)
            start = stop
    return stacked(parts)


def _some(rows: SparseRows, columns: SparseRows, chosen: Int64Array) -> SparseRows:
    own, which_row = rows.entries_of(chosen)
    met, which_own = columns.entries_of(rows.columns[own].astype(np.int64))
    shared = np.minimum(columns.values[met], rows.values[own][which_own])
    m = from_entries(which_row[which_own], columns.columns[met].astype(np.int64), shared, len(chosen), rows.num_rows)
    return SparseRows(m.starts, m.columns, np.maximum(1 - m.values / (2 - m.values), 0))
