"""Agglomerative clustering by average linkage of log-odds, under the rule that some units must not come together.

Two clusters are worth joining where the mean over all pairs of a unit of one with a unit of the other of

    log-odds = log-likelihood ratio of their similarity + logit prior

is above 0: where, on average, a pair is rather of one person than of two. The best pair of clusters is joined first,
again and again. Candidates are clusters between which there is at least one near pair with log-odds above 0; the mean
itself is taken over all pairs, so nothing is left out of it. docs/calibration.md compares it with other ways.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from dgnet.gallery.links.places import Presence
from dgnet.retrieval.arrays import Int64Array

Float64Array = npt.NDArray[np.float64]
LogOdds = Callable[[Int64Array, Int64Array], Float64Array]  # units a, units b -> the log-odds of every pair, a×b


def merge(
    num_units: int,
    first: Int64Array,
    second: Int64Array,
    log_odds: LogOdds,
    presence: Presence,
    *,
    progress: bool = True,
) -> Int64Array:
    """The cluster of each unit: numbers from 0, in the order in which the clusters' first units stand.

    The result depends on the order of the units only where two joins are exactly equally good; then the earlier units
    are joined first.

    Args:
        first, second: candidate pairs of units.
        log_odds: of any units.
    """
    members: dict[int, list[int]] = {unit: [unit] for unit in range(num_units)}
    sums: dict[int, dict[int, float]] = {unit: {} for unit in range(num_units)}
    heap: list[tuple[float, int, int]] = []
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        value = float(log_odds(np.array([a]), np.array([b]))[0, 0])
        if value > 0:
            sums[a][b] = sums[b][a] = value
            heap.append((-value, a, b))
    heapq.heapify(heap)
    bar = tqdm(
        total=num_units, desc="linking", unit="join", dynamic_ncols=True, disable=not progress or num_units < 3000
    )
    with bar:
        while heap:
            score, a, b = heapq.heappop(heap)
            if b not in sums.get(a, ()) or _mean(sums, members, a, b) != -score:
                continue  # one of the two was joined with another since, or they grew
            if presence.conflict(members[a], members[b]):
                del sums[a][b], sums[b][a]
                continue
            _join(a, b, members, sums, heap, log_odds)
            bar.update()
    cluster = np.empty(num_units, dtype=np.int64)
    for number, units in enumerate(sorted(members.values(), key=min)):
        cluster[units] = number
    return cluster


def _mean(sums: dict[int, dict[int, float]], members: dict[int, list[int]], a: int, b: int) -> float:
    return sums[a][b] / (len(members[a]) * len(members[b]))


def _join(
    a: int,
    b: int,
    members: dict[int, list[int]],
    sums: dict[int, dict[int, float]],
    heap: list[tuple[float, int, int]],
    log_odds: LogOdds,
) -> None:
    """Join cluster b to cluster a, which is the earlier; sums to neighbours of one alone are completed."""
    near_a, near_b = sums[a], sums.pop(b)
    near_a.pop(b)
    near_b.pop(a)
    joined = np.array(members[a]), np.array(members[b])
    members[a] += members.pop(b)
    for other in sorted(near_a.keys() | near_b.keys()):
        others = np.array(members[other])
        value = sum(
            near[other] if other in near else float(log_odds(part, others).sum())
            for near, part in zip((near_a, near_b), joined, strict=True)
        )
        sums[other].pop(b, None)
        near_a[other] = sums[other][a] = value
        mean = value / (len(members[a]) * len(members[other]))
        if mean > 0:
            low, high = min(a, other), max(a, other)
            heapq.heappush(heap, (-mean, low, high))
