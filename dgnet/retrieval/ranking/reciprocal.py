"""k-reciprocal encodings (Zhong et al. 2017, "Re-ranking Person Re-identification with k-reciprocal Encoding").

Every image, query or gallery, becomes a sparse row V_i over all images:

    R(i, k)  = {j among the k+1 nearest of i : i is among the k+1 nearest of j}
    R*(i, k) = R(i, k) joined with every R(j, k/2), j in R(i, k), that has more than 2/3 of its members in R(i, k)
    V_ij     = exp(-d_ij) for j in R*(i, k), else 0; the row divided by its sum
    V_i     <- mean of V over the k2 nearest of i
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.kernel.self_neighbours import SelfNeighbours
from dgnet.retrieval.kernel.sparse import Float32Array, SparseRows, from_entries, stacked

_ROWS_AT_ONCE = 256
_PAIRS_AT_ONCE = 1 << 15


def reciprocal_encodings(features: Float32Array, neighbours: SelfNeighbours, k1: int, k2: int) -> SparseRows:
    """V of all N images. `features` N×F are unit vectors, `neighbours` their k1 + 1 nearest images, itself included.

    d_ij = (2 - 2 <x_i, x_j>) / max_j (2 - 2 <x_i, x_j>).
    """
    number = len(features)
    half = int(np.around(k1 / 2)) + 1
    near = neighbours.index[:, : k1 + 1]
    mutual, mutual_half = _mutual(near), _mutual(near[:, :half])
    farthest = 2 - 2 * neighbours.lowest
    parts = []
    for start in range(0, number, _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, number))
        row, column, similarity = _members(rows, features, neighbours, near, mutual, mutual_half)
        weight = np.exp(-(2 - 2 * similarity) / farthest[start + row])
        weight /= np.bincount(row, weights=weight, minlength=len(rows))[row]
        parts.append(from_entries(row, column, weight, len(rows), number))
    encodings = stacked(parts)
    return encodings if k2 == 1 else _expanded(encodings, near[:, :k2].astype(np.int64))


def _mutual(near: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """N×k: whether image i is among the k nearest of its a-th neighbour, at [i, a]."""
    mutual = np.empty(near.shape, dtype=bool)
    for start in range(0, len(near), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(near)))
        mutual[rows] = (near[near[rows]] == rows[:, None, None]).any(axis=2)
    return mutual


def _members(
    rows: Int64Array,
    features: Float32Array,
    neighbours: SelfNeighbours,
    near: npt.NDArray[np.int32],
    mutual: npt.NDArray[np.bool_],
    mutual_half: npt.NDArray[np.bool_],
) -> tuple[Int64Array, Int64Array, Float32Array]:
    """R* of each image in `rows`: (place in `rows`, member, similarity) for every member, each once."""
    half = mutual_half.shape[1]
    reciprocal = np.where(mutual[rows], near[rows], -1)
    candidate = near[near[rows], :half]  # rows × (k1 + 1) × half: the `half` nearest images of each neighbour
    member = mutual_half[near[rows]] & mutual[rows][:, :, None]
    inside = (candidate[..., None] == reciprocal[:, None, None, :]).any(axis=3) & member
    accepted = inside.sum(axis=2) > 2 / 3 * member.sum(axis=2)
    added_row, a, b = np.nonzero(member & ~inside & accepted[:, :, None])
    key = np.unique(added_row * len(near) + candidate[added_row, a, b])
    added_row, added = np.divmod(key, len(near))

    # Most added members are among the k1 + 1 nearest, though not mutually, so their similarity is known. For the others
    # the inner product is computed.
    known = near[rows][added_row] == added[:, None]
    similarity = neighbours.similarity[rows][added_row, known.argmax(axis=1)]
    unknown = np.flatnonzero(~known.any(axis=1))
    for start in range(0, len(unknown), _PAIRS_AT_ONCE):
        pairs = unknown[start : start + _PAIRS_AT_ONCE]
        left, right = features[rows[added_row[pairs]]], features[added[pairs]]
        similarity[pairs] = np.einsum("pf,pf->p", left, right)
    own_row, a = np.nonzero(mutual[rows])
    return (
        np.concatenate([own_row, added_row]),
        np.concatenate([near[rows][own_row, a], added]),
        np.concatenate([neighbours.similarity[rows][own_row, a], similarity]),
    )


def _expanded(encodings: SparseRows, near: Int64Array) -> SparseRows:
    """Each row replaced by the mean of its nearest images' rows (local query expansion)."""
    number, k2 = near.shape
    parts = []
    for start in range(0, number, _ROWS_AT_ONCE):
        lists = near[start : start + _ROWS_AT_ONCE]
        entry, which = encodings.entries_of(lists.ravel())
        columns = encodings.columns[entry].astype(np.int64)
        parts.append(from_entries(which // k2, columns, encodings.values[entry] / k2, len(lists), number))
    return stacked(parts)
