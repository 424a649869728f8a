"""Counting what stands before each true match in a block of similarities. Blocks are changed: what is dropped sinks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.ranking.matches import Truth

Float32Array = npt.NDArray[np.float32]

# Below this part of the gallery at or above the worst true match, sorting those few is faster than comparing all.
FEW = 0.25


def count_by_row(similarity: torch.Tensor, truth: Truth, first_query: int) -> list[Int64Array]:
    """Ascending ranks of the true matches of each row's query, row by row, so that a row stays in the cache."""
    found = []
    for query, row in enumerate(similarity.numpy(), start=first_query):
        matches, dropped = truth.split(query)
        row[truth.junk] = -np.inf
        row[dropped] = -np.inf
        if matches.size:
            found.append(np.sort(_ranks_in_row(row, matches)))
        else:
            found.append(matches)
    return found


def _ranks_in_row(row: Float32Array, matches: Int64Array) -> Int64Array:
    own = row[matches]
    candidate = row >= own.min()
    if np.count_nonzero(candidate) > FEW * len(row):
        # Before a match an equal similarity ranks ahead of it, after it only a greater one does.
        ahead = [
            np.count_nonzero(row[:match] >= row[match]) + np.count_nonzero(row[match + 1 :] > row[match])
            for match in matches
        ]
        return 1 + np.array(ahead, dtype=np.int64)
    few = np.sort(row[candidate])
    not_greater = few.searchsorted(own, "right")
    ranks = 1 + len(few) - not_greater
    num_equal = not_greater - few.searchsorted(own, "left")
    for tied in np.flatnonzero(num_equal > 1):
        match = matches[tied]
        ranks[tied] += np.count_nonzero(row[:match] == row[match])
    return ranks


def count_together(similarity: torch.Tensor, truth: Truth, first_query: int) -> list[Int64Array]:
    """The same on a GPU: all rows of the block at once, one true match of each at a time."""
    rows, num_gallery = similarity.shape
    device = similarity.device
    split = [truth.split(query) for query in range(first_query, first_query + rows)]
    similarity[:, torch.from_numpy(truth.junk).to(device)] = -torch.inf
    dropped_rows = np.repeat(np.arange(rows), [len(dropped) for _, dropped in split])
    dropped_columns = np.concatenate([dropped for _, dropped in split])
    similarity[torch.from_numpy(dropped_rows).to(device), torch.from_numpy(dropped_columns).to(device)] = -torch.inf

    most = max(len(matches) for matches, _ in split)
    columns = np.zeros((rows, most), dtype=np.int64)
    for row, (matches, _) in enumerate(split):
        columns[row, : len(matches)] = matches
    position = torch.from_numpy(columns).to(device)
    own = similarity.gather(1, position)
    order = torch.arange(num_gallery, device=device)
    ranks = torch.empty_like(position)
    for k in range(most):
        value, place = own[:, k : k + 1], position[:, k : k + 1]
        ahead = (similarity > value) | ((similarity == value) & (order < place))
        ranks[:, k] = 1 + ahead.sum(dim=1)
    counted = ranks.cpu().numpy()
    return [np.sort(counted[row, : len(matches)]) for row, (matches, _) in enumerate(split)]
