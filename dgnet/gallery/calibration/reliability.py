"""Are the probabilities right for people that they were not made from?

The people are divided into two halves by chance; the curve of each half is judged on the other. For a pair judged so,
the predicted probability is set against the share found among pairs of about that prediction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.gallery.calibration.curve import Curve, Float64Array, curve_of, logistic, logit
from dgnet.retrieval.pairs import Kind
from dgnet.retrieval.verification import count_in_bins

NUM_POINTS = 10


@dataclass(frozen=True)
class Reliability:
    """What was predicted and what was found, on people left out.

    Args:
        predicted, found: mean predicted probability and share of one person, of groups of pairs, at a prior of 1/2.
        log_loss: the mean cross-entropy at the prior `prior`, over that of knowing the prior alone: 0 is perfect, 1
            worth nothing.
        error: the mean of |predicted - found| at a prior of 1/2 (expected calibration error).
    """

    predicted: tuple[float, ...]
    found: tuple[float, ...]
    log_loss: float
    error: float
    prior: float


def judge(curves: list[Curve], kinds: list[Kind], prior: float) -> Reliability:
    """Judge each curve on the kind of pairs that stands at its place; the counts of all are taken together."""
    llr, ones, twos = (np.concatenate(parts) for parts in zip(*map(_counted, curves, kinds), strict=True))
    ones, twos = ones / ones.sum(), twos / twos.sum()
    even = logistic(llr)
    group = np.minimum((even * NUM_POINTS).astype(np.int64), NUM_POINTS - 1)
    mass = np.bincount(group, weights=(ones + twos) / 2, minlength=NUM_POINTS)
    used = mass > 0
    predicted = np.bincount(group, weights=even * (ones + twos) / 2, minlength=NUM_POINTS)[used] / mass[used]
    found = np.bincount(group, weights=ones / 2, minlength=NUM_POINTS)[used] / mass[used]
    logits = llr + logit(prior)
    loss = prior * (ones * np.logaddexp(0, -logits)).sum() + (1 - prior) * (twos * np.logaddexp(0, logits)).sum()
    alone = -prior * np.log(prior) - (1 - prior) * np.log1p(-prior)
    return Reliability(
        predicted=tuple(predicted.tolist()),
        found=tuple(found.tolist()),
        log_loss=float(loss / alone),
        error=float((mass[used] * np.abs(predicted - found)).sum()),
        prior=prior,
    )


def cross_judge(kinds: tuple[Kind, Kind], prior: float) -> Reliability:
    """Two halves of the people, each judged by the curve of the other."""
    first, second = kinds
    return judge([curve_of(first), curve_of(second)], [second, first], prior)


def _counted(curve: Curve, kind: Kind) -> tuple[Float64Array, Float64Array, Float64Array]:
    """(log-likelihood ratio, pairs of one person, pairs of two people) of each bin that has pairs."""
    alike = count_in_bins(kind.same, kind.bound, len(kind.counts))
    used: npt.NDArray[np.int64] = np.flatnonzero(alike + kind.counts)
    centre = (used + 0.5) * (2 * kind.bound / len(kind.counts)) - kind.bound
    return curve.llr_of(centre), alike[used].astype(np.float64), kind.counts[used].astype(np.float64)
