"""Retrieval figures of groups of queries: by the query's camera, by how light the query's image is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.ranking.ranks import MatchRanks, score_queries


@dataclass(frozen=True)
class GroupResult:
    """Figures of the queries of one group, as fractions in [0, 1]: means over those that have a true match.

    `num_ids` counts the identities of all its queries.
    """

    name: str
    num_query: int
    num_valid: int
    num_ids: int
    rank1: float
    map_step: float


def by_group(
    ranks: MatchRanks, pids: npt.NDArray[np.int64], group: npt.NDArray[np.int64], names: Sequence[str]
) -> list[GroupResult]:
    """The figures of each group that has a query with a true match, in the order of `names`.

    Args:
        ranks: of Q queries.
        pids: of the queries, Q.
        group: of each query, an index of `names`.
    """
    scores = score_queries(ranks)
    found = []
    for index, name in enumerate(names):
        inside, valid = group == index, group[scores.query] == index
        if not valid.any():
            continue
        found.append(
            GroupResult(
                name,
                num_query=int(inside.sum()),
                num_valid=int(valid.sum()),
                num_ids=len(np.unique(pids[inside])),
                rank1=float((scores.first_rank[valid] == 1).mean()),
                map_step=float(scores.ap_step[valid].mean()),
            )
        )
    return found


def thirds(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], tuple[float, float]]:
    """Which third of all values each lies in, 0 to 2, and the two bounds between them; a bound belongs to the third
    above it."""
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    return np.searchsorted([low, high], values, side="right").astype(np.int64), (float(low), float(high))
