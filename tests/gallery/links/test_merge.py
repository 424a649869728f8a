"""Clusters against a naive twin that looks at every pair of clusters each time; rules that are never broken."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.gallery.links.merge import merge
from dgnet.gallery.links.places import LinkError, Presence, Rules, presence_of, read_overlaps

NUMBER = 14


def apart(presence: Presence, a: int, b: int) -> bool:
    """Whether units a and b cannot be one person, spelt out."""
    rules = presence.rules
    if presence.camera[a] < 0 or presence.camera[b] < 0 or np.isnan([presence.start[a], presence.start[b]]).any():
        return False
    gap = max(presence.start[b] - presence.end[a], presence.start[a] - presence.end[b])
    if presence.camera[a] == presence.camera[b]:
        return gap <= 0 and (rules.frames or (presence.tracked[a] and presence.tracked[b]))
    return gap <= rules.apart and not presence.may_meet[presence.camera[a], presence.camera[b]]


def naive(odds: np.ndarray, presence: Presence) -> list[list[int]]:
    clusters = [[unit] for unit in range(len(odds))]
    while True:
        best, chosen = 0.0, None
        for one, two in combinations(sorted(clusters, key=min), 2):
            mean = odds[np.ix_(one, two)].sum() / (len(one) * len(two))
            if mean > best and not any(apart(presence, a, b) for a in one for b in two):
                best, chosen = mean, (one, two)
        if chosen is None:
            return sorted(clusters, key=min)
        clusters = [one for one in clusters if one not in chosen] + [sorted(chosen[0] + chosen[1])]


def random_presence(rng: np.random.Generator, rules: Rules) -> Presence:
    start = rng.integers(0, 12, NUMBER).astype(float)
    end = start + rng.integers(0, 4, NUMBER)
    unknown = rng.random(NUMBER) < 0.2
    return presence_of(
        rng.choice(["", "c1", "c2", "c3"], NUMBER, p=[0.1, 0.3, 0.3, 0.3]).tolist(),
        [None if u else t for t, u in zip(start, unknown, strict=True)],
        [None if u else t for t, u in zip(end, unknown, strict=True)],
        (rng.random(NUMBER) < 0.5).tolist(),
        rules,
    )


@given(seed=st.integers(0, 100_000), frames=st.booleans(), seconds=st.sampled_from([0.0, 2.0]), overlap=st.booleans())
def test_joins_are_those_of_the_naive_twin(seed: int, frames: bool, seconds: float, overlap: bool) -> None:
    rng = np.random.default_rng(seed)
    rules = Rules(frozenset({frozenset({"c1", "c3"})} if overlap else ()), seconds, frames)
    presence = random_presence(rng, rules)
    # People of about three units; whole numbers keep sums exact, so equally good joins are equal in both.
    people = rng.integers(0, 5, NUMBER)
    odds = rng.integers(-6, 4, (NUMBER, NUMBER)) + 4 * (people[:, None] == people)
    odds = np.triu(odds, 1) + np.triu(odds, 1).T
    first, second = np.triu_indices(NUMBER, 1)
    hopeful = odds[first, second] > 0
    cluster = merge(
        NUMBER,
        first[hopeful],
        second[hopeful],
        lambda a, b: odds[np.ix_(a, b)].astype(float),
        presence,
        progress=False,
    )
    found = [np.flatnonzero(cluster == number).tolist() for number in range(cluster.max() + 1)]
    assert found == naive(odds, presence)
    for units in found:
        assert not any(apart(presence, a, b) for a, b in combinations(units, 2))
        if len(units) > 1:
            assert not presence.conflict(units[:1], units[1:])


@given(seed=st.integers(0, 100_000), frames=st.booleans())
def test_conflicts_are_those_of_any_two_units(seed: int, frames: bool) -> None:
    rng = np.random.default_rng(seed)
    presence = random_presence(rng, Rules(frozenset({frozenset({"c1", "c2"})}), 1.0, frames))
    order = rng.permutation(NUMBER)
    one, two = order[:4].tolist(), order[4:9].tolist()
    assert presence.conflict(one, two) == any(apart(presence, a, b) for a in one for b in two)
    assert presence.conflict(one, two) == presence.conflict(two, one)


def test_two_places_at_one_time() -> None:
    def meet(
        cameras: list[str], start: list[float | None], end: list[float | None], rules: Rules, tracked=(True, True)
    ):  # type: ignore[no-untyped-def]
        return presence_of(cameras, start, end, list(tracked), rules).conflict([0], [1])

    once = [10.0, 10.0]
    assert meet(["c1", "c2"], once, once, Rules())
    assert not meet(["c1", "c2"], once, once, Rules(frozenset({frozenset({"c1", "c2"})})))
    assert not meet(["c1", "c2"], [10.0, 11.0], [10.0, 11.0], Rules())
    assert meet(["c1", "c2"], [10.0, 11.0], [10.0, 11.0], Rules(apart=1.0))
    assert meet(["c1", "c1"], once, once, Rules())
    assert not meet(["c1", "c1"], once, once, Rules(), tracked=(True, False))
    assert meet(["c1", "c1"], once, once, Rules(frames=True), tracked=(False, False))
    assert not meet(["c1", "c1"], [10.0, 11.0], [10.0, 11.0], Rules(apart=5.0, frames=True))
    assert not meet(["", "c1"], once, once, Rules(frames=True))
    assert not meet(["c1", "c2"], [None, 10.0], [None, 10.0], Rules(apart=100.0))


def test_overlaps_as_they_are_written() -> None:
    cameras = ["c1", "c2", "c3", "", "c1"]
    assert read_overlaps(["c1,c2"], cameras) == {frozenset({"c1", "c2"})}
    assert len(read_overlaps(["c1, c2,c3"], cameras)) == 3
    with pytest.raises(LinkError, match="no camera 'c9' in the gallery, which has c1, c2, c3"):
        read_overlaps(["c1,c9"], cameras)
    with pytest.raises(LinkError, match="two cameras or more"):
        read_overlaps(["c1"], cameras)
    for seconds in (-1.0, float("nan"), float("inf")):
        with pytest.raises(LinkError, match="apart: found"):
            Rules(apart=seconds)
