"""From a similarity to the probability that two images show one person.

Isotonic regression by pooling adjacent violators (PAV), as Zadrozny and Elkan 2002 did for classifiers and Brümmer and
du Preez 2006 for speakers, and linear between the pools. docs/calibration.md says what else was tried.

What is kept is the log-likelihood ratio, log p(s | one person) / p(s | two people), which does not depend on how many
of the pairs are of one person. That share, the prior, is given when a probability is asked for:

    logit probability = log-likelihood ratio + logit prior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.errors import DgnetError
from dgnet.retrieval.pairs import Kind
from dgnet.retrieval.verification import count_in_bins

Float64Array = npt.NDArray[np.float64]


class CalibrationError(DgnetError, ValueError):
    """Nothing can be calibrated on what was given, or a calibration does not fit; the message says what is missing."""


@dataclass(frozen=True)
class Curve:
    """Log-likelihood ratios `llr` (never falling) at ascending `similarity`; linear between, constant outside."""

    similarity: tuple[float, ...]
    llr: tuple[float, ...]

    def llr_of(self, similarity: npt.ArrayLike) -> Float64Array:
        """log p(s | one person) / p(s | two people), of each similarity."""
        return np.interp(np.asarray(similarity, dtype=np.float64), self.similarity, self.llr)

    def probability(self, similarity: npt.ArrayLike, prior: float) -> Float64Array:
        """The probability of one person where, of all pairs that could be meant, the share `prior` is of one person."""
        return logistic(self.llr_of(similarity) + logit(prior))


def fit_curve(same: npt.NDArray[np.float32], counts: npt.NDArray[np.int64], bound: float) -> Curve:
    """The curve of pairs of one person (their similarities) and of two people (counts per bin over [-bound, bound)).

    A pool with pairs of one sort alone would be certain; half a pair is added to each sort in each pool, so the curve
    is never surer than that many pairs allow. Raises CalibrationError where one sort is missing.
    """
    num_bins = len(counts)
    alike = count_in_bins(same, bound, num_bins)
    if not alike.any() or not counts.any():
        raise CalibrationError("a curve needs pairs of one person and pairs of two people")
    used = np.flatnonzero(alike + counts)
    centre = (used + 0.5) * (2 * bound / num_bins) - bound
    pools: list[list[float]] = []  # pairs of one person, of two people, and the sum of their similarities
    for one, two, place in zip(alike[used].tolist(), counts[used].tolist(), centre.tolist(), strict=True):
        pools.append([one, two, (one + two) * place])
        # Pooled are neighbours whose share of pairs of one person does not rise.
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    ones, twos, sums = np.array(pools).T
    share = math.log(alike.sum() / counts.sum())
    llr = np.maximum.accumulate(np.log((ones + 0.5) / (twos + 0.5)) - share)
    return Curve(tuple((sums / (ones + twos)).tolist()), tuple(llr.tolist()))


def curve_of(kind: Kind) -> Curve:
    """The curve of one kind of pairs."""
    return fit_curve(kind.same, kind.counts, kind.bound)


def logit(probability: float) -> float:
    """log p / (1 - p). Raises CalibrationError unless 0 < p < 1."""
    if not 0 < probability < 1:
        raise CalibrationError(f"prior: found {probability}, must be a share between 0 and 1, such as 0.001")
    return math.log(probability) - math.log1p(-probability)


def logistic(value: Float64Array) -> Float64Array:
    """1 / (1 + e^-x), without overflow."""
    small = np.exp(-np.abs(value))
    return np.where(value >= 0, 1 / (1 + small), small / (1 + small))


def estimate_prior(curve: Curve, similarity: npt.ArrayLike, weight: npt.ArrayLike = 1.0) -> float:
    """The share of pairs of one person among pairs without labels, from their similarities alone.

    Expectation maximisation (Saerens, Latinne and Decaestecker 2002): the prior is the mean of the probabilities that
    it gives. `weight`: how many pairs each similarity stands for. Raises CalibrationError where there are none.
    """
    llr = np.atleast_1d(curve.llr_of(similarity))
    weights = np.broadcast_to(np.asarray(weight, dtype=np.float64), llr.shape)
    total = weights.sum()
    if not total > 0:
        raise CalibrationError("prior: no pairs to estimate it from")
    smallest = 0.5 / total
    prior = 0.5
    for _ in range(500):
        found = float((weights * logistic(llr + logit(prior))).sum() / total)
        found = min(max(found, smallest), 1 - smallest)
        if abs(math.log(found / prior)) < 1e-6:
            return found
        prior = found
    return prior
