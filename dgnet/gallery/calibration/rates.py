"""False-accept and true-accept rates at a threshold, with intervals that hold for new people.

Pairs are not independent: one person who looks like another makes many pairs alike, and each person takes part in the
pairs with all others. So the variance of a rate counts every two pairs that share a person as dependent. With e_ab the
accepted minus the expected pairs of the people a and b, and N the number of pairs,

    variance = (sum over a (sum over b e_ab)^2 - sum over a<b e_ab^2) / N^2,

which is what resampling people (not pairs) estimates, without random numbers; then a Wilson interval with as many
independent pairs as give that variance. Both are compared by Fogliato et al. 2023, "Confidence intervals for error
rates in 1:1 matching tasks", where the Wilson interval covers best at low rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.pairs import Kind

Float64Array = npt.NDArray[np.float64]

FARS = (1e-2, 1e-3, 1e-4)
MIN_ACCEPTED = 10  # pairs of different people that a threshold must accept before its rate is believed
MIN_PEOPLE = 20
Z = 1.959964  # 95 per cent, two-sided


@dataclass(frozen=True)
class Interval:
    """A rate, and between which values it lies for new people in 95 of 100 cases."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Threshold:
    """Accept a pair as the same person where its similarity is at least `threshold`.

    Args:
        asked: the false-accept rate (FAR) that was asked for.
        threshold: the lowest that accepts at most that share of the measured pairs of different people.
        lowest, safe: the thresholds between which the one for new people lies, at 95 per cent; at `safe`, even the
            upper end of the FAR's interval is at most `asked`. None where the data are too few to tell.
        far: false accepts at `threshold`.
        tar: true accepts at `threshold`; None where there are no pairs of one person.
    """

    asked: float
    threshold: float
    lowest: float | None
    safe: float | None
    far: Interval
    tar: Interval | None


@dataclass(frozen=True)
class Refused:
    """A false-accept rate that there are too few pairs or people to find a threshold for, and why."""

    asked: float
    reason: str


def thresholds(kind: Kind, fars: Sequence[float] = FARS) -> list[Threshold | Refused]:
    """The threshold at each false-accept rate, or why there is none."""
    rates = _Rates(kind)
    return [rates.at(far) for far in fars]


def why_too_few(far: float, num_different: int, num_people: int) -> str:
    """Why no threshold can be found at this false-accept rate; empty where one can."""
    needed = math.ceil(MIN_ACCEPTED / far - 1e-9)
    if num_people < MIN_PEOPLE:
        return f"{num_people} people; at least {MIN_PEOPLE} are needed"
    if num_different < needed:
        return f"{num_different:,} pairs of different people; a rate of {far:g} needs {needed:,}"
    return ""


class _Rates:
    """The false accepts of a kind of pairs at every threshold, with their variances.

    Position k stands for the threshold that accepts the first k pairs of `kind.top`.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.num_people = int(np.count_nonzero(kind.left + kind.right))
        number = np.arange(len(kind.top) + 1)
        rate = number / max(1, kind.num_different)
        left, right = kind.left.astype(np.float64), kind.right.astype(np.float64)
        per_person, squared_people, squared_pairs = _expected(left, right, within=_within(kind))
        people = np.stack([kind.first, kind.second], axis=1).ravel().astype(np.int64)
        taken = _before(np.cumsum(2 * _rank_within(people) + 1))[::2]  # sum over a of A_a^2
        mixed = _before(np.cumsum(per_person[people]))[::2]  # sum over a of A_a N_a
        pair = kind.first.astype(np.int64) * (len(left) + 1) + kind.second
        a, b = kind.first, kind.second
        pairs = left[a] * right[b] + (0 if _within(kind) else right[a] * left[b])
        taken_pairs = _before(np.cumsum(2 * _rank_within(pair) + 1))
        mixed_pairs = _before(np.cumsum(pairs))
        by_people = taken - 2 * rate * mixed + rate**2 * squared_people
        by_pairs = taken_pairs - 2 * rate * mixed_pairs + rate**2 * squared_pairs
        variance = (by_people - by_pairs) / max(1, kind.num_different) ** 2
        self.rate, self.low, self.high = rate, *_wilson(rate, variance, kind.num_different, self.num_people)

    def at(self, far: float) -> Threshold | Refused:
        kind = self.kind
        reason = why_too_few(far, kind.num_different, self.num_people)
        if reason:
            return Refused(far, reason)
        place = self._last(np.flatnonzero(self.rate <= far * (1 + 1e-12)))
        assert place is not None
        if place == len(kind.top) and kind.num_different > len(kind.top):
            raise AssertionError(f"{len(kind.top)} of {kind.num_different} pairs are kept, too few for {far}")
        threshold = self._threshold(place)
        far_there = Interval(float(self.rate[place]), float(self.low[place]), float(self.high[place]))
        # From the highest threshold down, for as long as the upper end (the lower end) stays within what is asked.
        safe = self._last(np.arange(_run(self.high[1:] <= far) + 1))
        lowest = self._last(np.arange(_run(self.low[1:] <= far) + 1))
        return Threshold(
            asked=far,
            threshold=threshold,
            lowest=self._threshold(lowest) if lowest is not None and lowest < len(kind.top) else None,
            safe=self._threshold(safe) if safe else None,
            far=far_there,
            tar=true_accepts(kind, threshold),
        )

    def _last(self, places: Int64Array) -> int | None:
        """The last of the places that a threshold can tell from the next: pairs of equal similarity go together."""
        top = self.kind.top
        for place in places[::-1]:
            if place == 0 or place == len(top) or top[place - 1] > top[place]:
                return int(place)
        return None

    def _threshold(self, place: int) -> float:
        """The least similarity that accepts the first `place` pairs and no more: just above the first left out."""
        top = self.kind.top
        if place == len(top):
            return float(top[-1]) if len(top) else -math.inf
        return float(np.nextafter(top[place], np.float32(np.inf)))


def true_accepts(kind: Kind, threshold: float) -> Interval | None:
    """The share of pairs of one person that are accepted; people are independent of each other, their pairs are not."""
    if not len(kind.same):
        return None
    size = len(kind.left)
    all_pairs = np.bincount(kind.same_person, minlength=size).astype(np.float64)
    accepted = np.bincount(kind.same_person[kind.same >= threshold], minlength=size)
    rate = accepted.sum() / all_pairs.sum()
    variance = ((accepted - rate * all_pairs) ** 2).sum() / all_pairs.sum() ** 2
    people = int(np.count_nonzero(all_pairs))
    low, high = _wilson(np.array([rate]), np.array([variance]), len(kind.same), people)
    return Interval(float(rate), float(low[0]), float(high[0]))


def _within(kind: Kind) -> bool:
    """Whether the pairs are those of one set of images with itself, each pair once."""
    return kind.cameras is None or kind.cameras[0] == kind.cameras[1]


def _expected(left: Float64Array, right: Float64Array, *, within: bool) -> tuple[Float64Array, float, float]:
    """Pairs of different people N_ab: for each a the sum over b, the sum of its square, the sum over a<b of N_ab^2."""
    if within:
        per_person = left * (left.sum() - left)
        squared = ((left**2).sum() ** 2 - (left**4).sum()) / 2
    else:
        per_person = left * (right.sum() - right) + right * (left.sum() - left)
        whole = 2 * (left**2).sum() * (right**2).sum() + 2 * (left * right).sum() ** 2
        squared = (whole - ((2 * left * right) ** 2).sum()) / 2
    return per_person, float((per_person**2).sum()), float(squared)


def _rank_within(keys: Int64Array) -> Int64Array:
    """For each key, how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(keys) else np.empty(0, bool)
    starts = np.flatnonzero(new)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    return rank


def _before(sums: npt.NDArray) -> npt.NDArray:
    """Running sums with the empty sum in front."""
    return np.concatenate([[0], sums])


def _run(marks: npt.NDArray[np.bool_]) -> int:
    """How many marks are set before the first that is not."""
    return len(marks) if marks.all() else int(np.argmin(marks))


def _wilson(
    rate: Float64Array, variance: Float64Array, num_pairs: int, num_people: int
) -> tuple[Float64Array, Float64Array]:
    """Ends of Wilson's 95 per cent interval, for as many independent pairs as have this variance.

    Never more than there are pairs; and where all or none are accepted, which has no variance, as many as people.
    """
    spread = rate * (1 - rate)
    small = num_people / max(1, num_people - 1)  # as in a sample's variance
    with np.errstate(divide="ignore", invalid="ignore"):
        number = np.where(spread > 0, spread / np.maximum(variance * small, spread / max(1, num_pairs)), num_people)
    number = np.clip(number, 1, None)
    centre = (rate + Z**2 / (2 * number)) / (1 + Z**2 / number)
    half = Z / (1 + Z**2 / number) * np.sqrt(spread / number + Z**2 / (4 * number**2))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
