"""Silhouettes (Rousseeuw 1987) from sparse distances: how well each image lies within its cluster."""

from __future__ import annotations

import numpy as np

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.kernel.sparse import Float32Array, SparseRows, from_entries

_ENTRIES_AT_ONCE = 1 << 21


def silhouettes(distances: SparseRows, labels: Int64Array) -> Float32Array:
    """s_i = (b_i - a_i) / max(a_i, b_i) of every image in a cluster; 0 for images with the label -1, and alone in one.

    a_i is the mean distance to the other images of i's cluster, b_i the least mean distance to another cluster (1 where
    no distance to any is below 1). Distances that are not stored are 1.
    """
    number = distances.num_rows
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    found = np.zeros(number, dtype=np.float32)
    start = 0
    while start < number:
        stop = int(np.searchsorted(distances.starts, distances.starts[start] + _ENTRIES_AT_ONCE, side="right")) - 1
        rows = np.arange(start, min(number, max(stop, start + 1)))
        found[rows] = _of(rows, distances, labels, sizes)
        start = int(rows[-1]) + 1
    return found


def _of(rows: Int64Array, distances: SparseRows, labels: Int64Array, sizes: Int64Array) -> Float32Array:
    entry, which = distances.entries_of(rows)
    cluster = labels[distances.columns[entry]]
    kept = (cluster >= 0) & (labels[rows][which] >= 0)
    entry, which, cluster = entry[kept], which[kept], cluster[kept]
    # The closeness 1 - d is 0 for all pairs that are not stored, so its sums need the stored ones alone.
    sums = from_entries(which, cluster, 1 - distances.values[entry].astype(np.float64), len(rows), len(sizes))
    row = np.repeat(np.arange(len(rows)), np.diff(sums.starts))
    own = sums.columns == labels[rows][row]
    size = sizes[labels[rows]]
    others = np.zeros(len(rows))
    np.maximum.at(others, row[~own], sums.values[~own] / sizes[sums.columns[~own]])
    inside = np.zeros(len(rows))
    inside[row[own]] = (sums.values[own] - 1) / np.maximum(size[row[own]] - 1, 1)  # an image's closeness to itself is 1
    a, b = 1 - inside, 1 - others
    counted = (labels[rows] >= 0) & (size > 1)
    return np.where(counted, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0).astype(np.float32)
