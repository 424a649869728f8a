"""One person, one number: the entries of a gallery as clusters, over cameras and tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.gallery.calibration.curve import Curve, estimate_prior, logistic, logit
from dgnet.gallery.links.merge import merge
from dgnet.gallery.links.places import LinkError, Rules, presence_of
from dgnet.gallery.stores.protocol import Entry
from dgnet.retrieval.arrays import Int64Array, feature_matrix
from dgnet.retrieval.neighbours import near_pairs

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
NUM_NEIGHBOURS = 30
_SAMPLE = 1 << 20  # pairs of units from which the prior is estimated


@dataclass(frozen=True)
class Links:
    """Who is who.

    Args:
        person: for each of N entries its person, numbered from 1, the person with most entries first.
        certainty: for each entry the probability that a pair of its unit and another unit of the same person, taken on
            average, is of one person; 1 where the person has no other unit.
        num_units: tracks, and entries without one.
        prior: the share of pairs of one person that was assumed.
    """

    person: Int64Array
    certainty: Float64Array
    num_units: int
    prior: float

    @property
    def num_people(self) -> int:
        return int(self.person.max(initial=0))


def link(
    entries: Sequence[Entry],
    features: Float32Array,
    curve: Curve,
    rules: Rules,
    *,
    prior: float | None = None,
    num_neighbours: int = NUM_NEIGHBOURS,
    progress: bool = True,
) -> Links:
    """Group the entries into people.

    The entries of one track by one camera are one unit, whose similarity to another is the mean over all pairs of
    their entries. Units are joined by `merge`, never against `rules`. The order of the entries does not matter.

    Args:
        features: N×F of length 1, in the order of `entries`.
        prior: the share of pairs of units that are of one person; None estimates it from their similarities.
        num_neighbours: of each unit so many nearest others are candidates to be joined to it.

    Raises LinkError where there are no entries, EvaluationError on features that are not finite.
    """
    if not entries:
        raise LinkError("link: the gallery is empty; add images first")
    feature_matrix(features, "features")
    order = np.array(sorted(range(len(entries)), key=lambda place: entries[place].id))
    units, unit_of = _units([entries[place] for place in order])
    size = np.bincount(unit_of)
    means = np.zeros((len(units), features.shape[1]), dtype=np.float32)
    np.add.at(means, unit_of, features[order])
    means /= size[:, None]
    share = _estimated_prior(means, curve) if prior is None else prior
    shift = logit(share)

    def log_odds(first: Int64Array, second: Int64Array) -> Float64Array:
        return curve.llr_of(means[first] @ means[second].T) + shift

    times = [[entry.time for entry in unit if entry.time is not None] for unit in units]
    presence = presence_of(
        [unit[0].camera for unit in units],
        [min(known, default=None) for known in times],
        [max(known, default=None) for known in times],
        [bool(unit[0].track and unit[0].camera) for unit in units],
        rules,
    )
    if len(units) > 1:
        near = near_pairs(means, min(num_neighbours, len(units) - 1), progress=progress)
        hopeful = curve.llr_of(near.similarity) + shift > 0
        cluster = merge(len(units), near.first[hopeful], near.second[hopeful], log_odds, presence, progress=progress)
    else:
        cluster = np.zeros(1, dtype=np.int64)
    number = _by_size(cluster, size)
    certainty = _certainty(number, log_odds)
    person, sure = np.empty(len(entries), dtype=np.int64), np.empty(len(entries))
    person[order], sure[order] = number[unit_of], certainty[unit_of]
    return Links(person, sure, len(units), share)


def _units(entries: Sequence[Entry]) -> tuple[list[list[Entry]], Int64Array]:
    """The units, in the order of their first entries, and the unit of each entry."""
    place_of: dict[tuple[str, str, str], int] = {}
    units: list[list[Entry]] = []
    unit_of = np.empty(len(entries), dtype=np.int64)
    for index, entry in enumerate(entries):
        # Numbers of tracks are a camera's own; without a camera they are taken to be everybody's.
        key = (entry.camera, entry.track, "") if entry.track else ("", "", entry.id)
        unit = place_of.setdefault(key, len(units))
        if unit == len(units):
            units.append([])
        units[unit].append(entry)
        unit_of[index] = unit
    return units, unit_of


def _estimated_prior(means: Float32Array, curve: Curve) -> float:
    """The share of pairs of one person among all pairs of units, or a sample of them by chance (seed 0)."""
    number = len(means)
    if number < 2:
        return 0.5
    if number * (number - 1) // 2 <= _SAMPLE:
        first, second = np.triu_indices(number, 1)
    else:
        generator = np.random.default_rng(0)
        first = generator.integers(0, number, _SAMPLE)
        second = (first + generator.integers(1, number, _SAMPLE)) % number
    step = max(1, (1 << 22) // means.shape[1])
    parts = [
        np.einsum("pf,pf->p", means[first[start : start + step]], means[second[start : start + step]])
        for start in range(0, len(first), step)
    ]
    return estimate_prior(curve, np.concatenate(parts))


def _by_size(cluster: Int64Array, size: Int64Array) -> Int64Array:
    """Clusters numbered from 1 by their number of entries, most first; of equal ones the earlier first."""
    total = np.bincount(cluster, weights=size)
    number = np.empty(len(total), dtype=np.int64)
    number[np.argsort(-total, kind="stable")] = np.arange(1, len(total) + 1)
    return number[cluster]


def _certainty(number: Int64Array, log_odds) -> Float64Array:  # type: ignore[no-untyped-def]
    """For each unit the probability that goes with its mean log-odds with the other units of its person."""
    sure = np.ones(len(number))
    order = np.argsort(number, kind="stable")
    for units in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if len(units) > 1:
            values = log_odds(units, units)
            others = (values.sum(axis=1) - np.diagonal(values)) / (len(units) - 1)
            sure[units] = logistic(others)
    return sure
