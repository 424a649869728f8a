"""Thresholds, rates and their intervals, against counting pair by pair; and whether the intervals cover."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.gallery.calibration.rates import Refused, Threshold, _Rates, _wilson, thresholds, true_accepts, why_too_few
from dgnet.retrieval.pairs import Kind, kinds_of_pairs, together


def crowd(seed: int, num_people: int = 25, each: int = 4, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Unit features of people, some of whom resemble each other, and who is on each."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(num_people), each)
    looks = rng.normal(size=(num_people, 12))
    looks[: num_people // 3] += 1.5
    features = looks[people] + noise * rng.normal(size=(len(people), 12))
    return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32), people


def whole_of(seed: int, cameras: int = 2, **given: int) -> tuple[Kind, list[Kind]]:
    features, people = crowd(seed, **given)
    kinds = list(kinds_of_pairs(features, people, np.arange(len(people)) % cameras))
    return together(kinds), kinds


def naive_variance(kind: Kind, accepted: int) -> float:
    """The variance of the rate, by looking at every two pairs of people that share one."""
    a, b, within = kind.left, kind.right, kind.cameras is None or kind.cameras[0] == kind.cameras[1]
    size = len(a)
    expected = {
        (i, j): float(a[i] * a[j] if within else a[i] * b[j] + a[j] * b[i]) for i, j in combinations(range(size), 2)
    }
    rate = accepted / kind.num_different
    excess = {pair: -rate * number for pair, number in expected.items()}
    for i, j in zip(kind.first[:accepted], kind.second[:accepted], strict=True):
        excess[int(i), int(j)] += 1
    total = sum(e * f for p, e in excess.items() for q, f in excess.items() if set(p) & set(q))
    return total / kind.num_different**2


@pytest.mark.parametrize("seed", range(3))
def test_variances_are_those_of_pairs_that_share_a_person(seed: int) -> None:
    whole, kinds = whole_of(seed, num_people=8, each=3)
    for kind in (whole, *kinds):
        rates = _Rates(kind)
        for accepted in (1, 2, 7, len(kind.top) // 2):
            rate, people = np.array([accepted / kind.num_different]), rates.num_people
            low, high = _wilson(rate, np.array([naive_variance(kind, accepted)]), kind.num_different, people)
            assert rates.low[accepted] == pytest.approx(low[0], rel=1e-9)
            assert rates.high[accepted] == pytest.approx(high[0], rel=1e-9)


@given(seed=st.integers(0, 200), far=st.sampled_from([0.5, 0.1, 0.01]))
def test_a_threshold_is_the_lowest_that_holds_its_rate(seed: int, far: float) -> None:
    whole, _ = whole_of(seed)
    (found,) = thresholds(whole, [far])
    assert isinstance(found, Threshold)
    accepted = (whole.top >= found.threshold).mean()
    assert accepted == pytest.approx(found.far.rate)
    assert accepted <= far
    assert (whole.top >= whole.top[whole.top < found.threshold].max()).mean() > far
    assert found.tar is not None
    assert found.tar.rate == pytest.approx((whole.same >= found.threshold).mean())
    assert 0 <= found.far.low <= found.far.rate <= found.far.high <= 1
    assert found.safe is None or found.safe >= found.threshold
    assert found.lowest is None or found.lowest <= found.threshold


def test_pairs_of_equal_similarity_are_accepted_together() -> None:
    whole, _ = whole_of(0)
    coarse = replace(whole, top=np.round(whole.top, 1), same=np.round(whole.same, 1))
    (found,) = thresholds(coarse, [0.05])
    assert isinstance(found, Threshold)
    assert (coarse.top >= found.threshold).mean() == pytest.approx(found.far.rate)
    assert found.far.rate <= 0.05


def test_identical_features_accept_nobody_or_all() -> None:
    features = np.ones((60, 4), np.float32) / 2
    whole = together(list(kinds_of_pairs(features, np.arange(60) // 2, None)))
    (found,) = thresholds(whole, [0.1])
    assert isinstance(found, Threshold)
    assert (found.far.rate, found.safe) == (0, None)
    assert found.threshold > 1
    assert found.tar is not None
    assert found.tar.rate == 0


@pytest.mark.parametrize(
    ("far", "pairs", "people", "reason"),
    [
        (1e-3, 10_000, 20, ""),
        (1e-3, 9_999, 20, "9,999 pairs of different people; a rate of 0.001 needs 10,000"),
        (1e-3, 10_000, 19, "19 people; at least 20 are needed"),
        (1e-4, 100_000, 20, ""),
    ],
)
def test_what_is_too_little(far: float, pairs: int, people: int, reason: str) -> None:
    assert why_too_few(far, pairs, people) == reason


def test_a_rate_that_cannot_be_told_is_refused() -> None:
    found = thresholds(whole_of(0)[0])
    assert [type(one) for one in found] == [Threshold, Refused, Refused]


def test_intervals_cover_new_people() -> None:
    """Of 150 draws of 60 people, about 95 in 100 intervals hold the rate of everybody; taking pairs for independent,
    far fewer would."""
    truth = together(list(kinds_of_pairs(*crowd(0, num_people=600, each=2), None, kept_share=1.0)))
    features, people = crowd(0, num_people=600, each=2)
    threshold = float(np.quantile(truth.top, 0.98))
    rate, tar = float((truth.top >= threshold).mean()), float((truth.same >= threshold).mean())
    covered, independent, true_covered = [], [], []
    for seed in range(150):
        drawn = np.isin(people, np.random.default_rng(seed).permutation(600)[:60])
        kind = together(list(kinds_of_pairs(features[drawn], people[drawn], None)))
        rates, accepted = _Rates(kind), int((kind.top >= threshold).sum())
        covered.append(rates.low[accepted] <= rate <= rates.high[accepted])
        share = accepted / kind.num_different
        independent.append(abs(share - rate) <= 1.96 * (share * (1 - share) / kind.num_different) ** 0.5)
        found = true_accepts(kind, threshold)
        assert found is not None
        true_covered.append(found.low <= tar <= found.high)
    assert np.mean(covered) > 0.9
    assert np.mean(true_covered) > 0.9
    assert np.mean(independent) < 0.75
