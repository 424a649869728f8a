"""Probabilities from similarities: monotone, right on new pairs, and priors that are found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.gallery.calibration.curve import CalibrationError, Curve, estimate_prior, fit_curve, logit
from dgnet.retrieval.verification import count_in_bins

BINS = 64


def naive_curve(ones: np.ndarray, twos: np.ndarray) -> np.ndarray:
    """The isotonic share of each used bin, by the max-min formula: max over starts of min over ends of the mean."""
    used = np.flatnonzero(ones + twos)
    p, n = ones[used].astype(float), (ones + twos)[used].astype(float)
    size = len(used)
    return np.array(
        [
            max(min(p[i : j + 1].sum() / n[i : j + 1].sum() for j in range(k, size)) for i in range(k + 1))
            for k in range(size)
        ]
    )


def drawn(seed: int, num_same: int, num_different: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    same = np.clip(rng.normal(0.5, 0.2, num_same), -0.99, 0.99).astype(np.float32)
    return same, np.clip(rng.normal(0.0, 0.2, num_different), -0.99, 0.99).astype(np.float32)


@given(seed=st.integers(0, 10_000), num_same=st.integers(1, 60), num_different=st.integers(1, 200))
def test_pools_are_the_isotonic_regression(seed: int, num_same: int, num_different: int) -> None:
    same, different = drawn(seed, num_same, num_different)
    ones, twos = count_in_bins(same, 1.0, BINS), count_in_bins(different, 1.0, BINS)
    curve = fit_curve(same, twos, 1.0)
    shares = naive_curve(ones, twos)
    assert len(curve.llr) == len(np.unique(np.round(shares, 12)))
    # Each pool is as large, and lies where, the bins of equal share are.
    used = np.flatnonzero(ones + twos)
    centre = (used + 0.5) * 2 / BINS - 1
    for share, place in zip(np.unique(np.round(shares, 12)), curve.similarity, strict=True):
        pool = np.isclose(shares, share)
        weight = (ones + twos)[used][pool]
        assert place == pytest.approx((centre[pool] * weight).sum() / weight.sum())


@given(
    seed=st.integers(0, 10_000),
    num_same=st.integers(1, 60),
    num_different=st.integers(1, 200),
    prior=st.floats(1e-6, 0.999),
)
def test_more_similar_is_never_less_probable(seed: int, num_same: int, num_different: int, prior: float) -> None:
    same, different = drawn(seed, num_same, num_different)
    curve = fit_curve(same, count_in_bins(different, 1.0, BINS), 1.0)
    probability = curve.probability(np.linspace(-2, 2, 301), prior)
    assert np.isfinite(probability).all()
    assert (np.diff(probability) >= -1e-15).all()
    assert ((probability > 0) & (probability < 1)).all()
    surer = curve.probability(np.linspace(-2, 2, 301), min(0.9999, prior * 1.5))
    assert (surer >= probability).all()


def test_probabilities_are_shares_among_new_pairs() -> None:
    same, different = drawn(0, 20_000, 200_000)
    curve = fit_curve(same, count_in_bins(different, 1.0, 1 << 14), 1.0)
    new_same, new_different = drawn(1, 40_000, 40_000)
    for low, high in ((0.1, 0.2), (0.2, 0.3), (0.3, 0.4)):
        ones = new_same[(new_same >= low) & (new_same < high)]
        twos = new_different[(new_different >= low) & (new_different < high)]
        predicted = curve.probability(np.concatenate([ones, twos]), 0.5).mean()
        assert predicted == pytest.approx(len(ones) / (len(ones) + len(twos)), abs=0.02)


def test_certainty_is_bounded_by_what_was_seen() -> None:
    """Ten pairs of each sort, well apart: at most 10.5 to .5 that the pair is of one person, and the other way."""
    same, different = np.full(10, 0.9, np.float32), np.full(10, 0.1, np.float32)
    curve = fit_curve(same, count_in_bins(different, 1.0, BINS), 1.0)
    assert curve.llr == pytest.approx((np.log(0.5 / 10.5), np.log(10.5 / 0.5)))


def test_all_similarities_equal_say_nothing() -> None:
    curve = fit_curve(np.ones(10, np.float32), count_in_bins(np.ones(90, np.float32), 2.0, BINS), 2.0)
    assert curve.probability(1.0, 0.1) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("share", [0.002, 0.05, 0.4])
def test_the_prior_is_found_from_pairs_without_labels(share: float) -> None:
    same, different = drawn(0, 20_000, 200_000)
    curve = fit_curve(same, count_in_bins(different, 1.0, 1 << 14), 1.0)
    ones, twos = drawn(2, round(share * 200_000), round((1 - share) * 200_000))
    found = estimate_prior(curve, np.concatenate([ones, twos]))
    assert found == pytest.approx(share, rel=0.25)
    assert estimate_prior(curve, [0.9, -0.2], [2.0, 98.0]) == pytest.approx(0.02, rel=0.1)


def test_refusals() -> None:
    same, different = drawn(0, 5, 5)
    counts = count_in_bins(different, 1.0, BINS)
    with pytest.raises(CalibrationError, match="pairs of one person and pairs of two"):
        fit_curve(same[:0], counts, 1.0)
    with pytest.raises(CalibrationError, match="pairs of one person and pairs of two"):
        fit_curve(same, counts * 0, 1.0)
    for prior in (0.0, 1.0, float("nan")):
        with pytest.raises(CalibrationError, match="share between 0 and 1"):
            logit(prior)
    with pytest.raises(CalibrationError, match="no pairs"):
        estimate_prior(Curve((0.0,), (0.0,)), [], 1.0)
