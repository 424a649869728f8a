"""Ranks of true matches in a block of similarities, by counting the gallery images that rank before each.

The block is changed: the similarities of dropped images are set to -inf.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.ranking.matches import Truth

Float32Array = npt.NDArray[np.float32]

# Where at most this fraction of the gallery is as similar as the worst true match or more, it is faster to sort that
# part than to compare every true match with the whole gallery.
FEW = 0.25


def count_by_row(similarity: torch.Tensor, truth: Truth, first_query: int) -> list[Int64Array]:
    """Ascending ranks of each query's true matches. One query is counted at a time, so its row stays in cache."""
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
        # An image that stands before the match in the gallery ranks ahead of it if its similarity is equal or greater;
        # one that stands after it, only if its similarity is greater.
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
    """The same ranks on a GPU: all queries of the block at once, one true match of each query at a time."""
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
