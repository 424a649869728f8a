"""A calibration: probabilities and thresholds of one model, overall and by pair of cameras; a gallery keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.gallery.calibration.curve import CalibrationError, Curve, Float64Array, curve_of
from dgnet.gallery.calibration.rates import FARS, Interval, Refused, Threshold, thresholds, why_too_few
from dgnet.gallery.calibration.reliability import Reliability, cross_judge
from dgnet.retrieval.arrays import FeatureArray, Int64Array
from dgnet.retrieval.pairs import Kind, kinds_of_pairs, together

FORMAT = 1
MOST_IMAGES = 20_000  # what 20 000 images do not tell, more images of the same people do not either
MOST_PER_PERSON = 100
MIN_PAIRS_OF_ONE = 20  # people of whom there are two images, for a curve


@dataclass(frozen=True)
class Measured:
    """What was found for one kind of pairs: the curve, thresholds, and why others could not be found."""

    curve: Curve
    thresholds: tuple[Threshold, ...]
    refused: tuple[Refused, ...]
    num_people: int
    num_same: int
    num_different: int


@dataclass(frozen=True)
class Calibration:
    """Probabilities and thresholds of one model.

    Args:
        overall: of all pairs. `cameras`: of single pairs of cameras, where there was enough; by both names, sorted.
        too_few: pairs of cameras that there was not enough of, each with the reason.
        prior: the share of pairs of one person that probabilities assume where no other is given.
        reliability: measured on people left out.
        model_hash: the model whose features these are; others' similarities mean something else.
        data, date: what it was measured on, and when (ISO 8601, UTC).
    """

    overall: Measured
    cameras: Mapping[tuple[str, str], Measured]
    too_few: Mapping[tuple[str, str], str]
    prior: float
    reliability: Reliability
    num_images: int
    model_hash: str = ""
    data: str = ""
    date: str = ""
    format: int = field(default=FORMAT)

    def measured(self, cameras: tuple[str, str] | None = None) -> Measured:
        """What holds for this pair of cameras: its own figures where there are any, else those of all pairs."""
        return self.overall if cameras is None else self.cameras.get(_sorted(cameras), self.overall)

    def probability(
        self, similarity: npt.ArrayLike, cameras: tuple[str, str] | None = None, *, prior: float | None = None
    ) -> Float64Array:
        """The probability that two images show one person, of each similarity. Raises CalibrationError on a prior
        outside (0, 1)."""
        return self.measured(cameras).curve.probability(similarity, self.prior if prior is None else prior)

    def threshold(self, far: float, cameras: tuple[str, str] | None = None) -> float:
        """The similarity from which a pair is accepted at this false-accept rate.

        Raises CalibrationError where it was refused or not asked for, saying which there are.
        """
        measured = self.measured(cameras)
        for one in measured.thresholds:
            if np.isclose(one.asked, far, rtol=1e-9):
                return one.threshold
        for refused in measured.refused:
            if np.isclose(refused.asked, far, rtol=1e-9):
                raise CalibrationError(f"far: no threshold for {far:g}: {refused.reason}; calibrate on more people")
        known = ", ".join(f"{one.asked:g}" for one in measured.thresholds)
        raise CalibrationError(f"far: found {far:g}, but the calibration has thresholds for {known}")

    def to_json(self) -> str:
        """As text, for the gallery's note."""
        values = asdict(self)
        for name in ("cameras", "too_few"):
            found = getattr(self, name)
            values[name] = [[*key, asdict(one) if isinstance(one, Measured) else one] for key, one in found.items()]
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """What `to_json` wrote. Raises CalibrationError for a newer format, and for anything else."""
        try:
            found = json.loads(text)
            if found["format"] > FORMAT:
                raise CalibrationError("the calibration was made by a newer dgnet; upgrade, or calibrate again")
            found["overall"] = _measured_of(found["overall"])
            found["cameras"] = {(a, b): _measured_of(one) for a, b, one in found["cameras"]}
            found["too_few"] = {(a, b): reason for a, b, reason in found["too_few"]}
            found["reliability"] = Reliability(**{**found["reliability"], **_tuples(found["reliability"])})
            return cls(**found)
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, CalibrationError):
                raise
            raise CalibrationError(f"the calibration cannot be read ({error}); calibrate again") from error


def calibrate(
    features: FeatureArray,
    people: Sequence[str],
    cameras: Sequence[str] | None,
    *,
    fars: Sequence[float] = FARS,
    prior: float | None = None,
    same_camera: bool = False,
    seed: int = 0,
    model_hash: str = "",
    data: str = "",
    progress: bool = True,
) -> Calibration:
    """Measure how similar images of one person and of two people are.

    Args:
        features: N×F of length 1. Of more than MOST_IMAGES, or MOST_PER_PERSON of one person, some are drawn by chance.
        people: who is on each image. `cameras`: which camera took it; None, or one empty name, where that is not known.
        prior: the share of pairs of one person to assume from now on; None takes the share found here.
        same_camera: count pairs of one person by one camera too.

    Raises CalibrationError where there are too few people or pairs for the largest of `fars`.
    """
    labels = np.unique(np.asarray(people).astype(str), return_inverse=True)[1]
    known = cameras is not None and len(cameras) > 0 and all(cameras)
    camera_names, camids = np.unique(np.asarray(cameras).astype(str), return_inverse=True) if known else (None, None)
    chosen = draw_images(labels, seed)
    rows = np.asarray(features)[chosen]
    labels, camids = labels[chosen], None if camids is None else camids[chosen]
    same_camera = same_camera or camids is None or len(np.unique(camids)) == 1

    def kinds_among(some: Int64Array) -> list[Kind]:
        cameras = None if camids is None else camids[some]
        share = min(1.0, 3 * max(fars))  # intervals reach beyond the largest rate
        pairs = kinds_of_pairs(
            rows[some], labels[some], cameras, same_camera=same_camera, kept_share=share, progress=progress
        )
        return list(pairs)

    kinds = kinds_among(np.arange(len(rows)))
    whole = together(kinds)
    overall = _measure(whole, fars)
    if isinstance(overall, str):
        raise CalibrationError(f"{data or 'calibration'}: too little to calibrate on: {overall}")
    by_cameras: dict[tuple[str, str], Measured] = {}
    too_few: dict[tuple[str, str], str] = {}
    for kind in kinds if len(kinds) > 1 else ():
        assert kind.cameras is not None
        assert camera_names is not None
        key = _sorted((str(camera_names[kind.cameras[0]]), str(camera_names[kind.cameras[1]])))
        found = _measure(kind, fars)
        if isinstance(found, str):
            too_few[key] = found
        else:
            by_cameras[key] = found
    share = len(whole.same) / (len(whole.same) + whole.num_different)
    assumed = share if prior is None else prior
    first, second = (together(kinds_among(half)) for half in _halves(labels, seed))
    return Calibration(
        overall=overall,
        cameras=by_cameras,
        too_few=too_few,
        prior=assumed,
        reliability=cross_judge((first, second), assumed),
        num_images=len(rows),
        model_hash=model_hash,
        data=data,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def draw_images(labels: Int64Array, seed: int) -> Int64Array:
    """At most MOST_PER_PERSON images of each person and MOST_IMAGES in all, as evenly over people as can be."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    ranked = order[np.argsort(labels[order], kind="stable")]
    starts = np.searchsorted(labels[ranked], labels[ranked], side="left")
    turn = np.arange(len(labels)) - starts  # a person's first image, second image, ...
    kept = np.flatnonzero(turn < MOST_PER_PERSON)
    kept = kept[np.lexsort((generator.permutation(len(kept)), turn[kept]))][:MOST_IMAGES]
    return np.sort(ranked[kept])


def _halves(labels: Int64Array, seed: int) -> tuple[Int64Array, Int64Array]:
    """The places of two halves of the people who have several images; the others go to one half or the other."""
    people, number = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(people))
    order = order[np.argsort(number[order] == 1, kind="stable")]
    first = np.isin(labels, people[order[::2]])
    return np.flatnonzero(first), np.flatnonzero(~first)


def _measure(kind: Kind, fars: Sequence[float]) -> Measured | str:
    """The figures of a kind of pairs, or why there are none."""
    num_people = int(np.count_nonzero(kind.left + kind.right))
    several = len(np.unique(kind.same_person))
    if several < MIN_PAIRS_OF_ONE:
        return f"{several} people with two images; at least {MIN_PAIRS_OF_ONE} are needed"
    reason = why_too_few(max(fars), kind.num_different, num_people)
    if reason:
        return reason
    found = thresholds(kind, sorted(fars, reverse=True))
    return Measured(
        curve=curve_of(kind),
        thresholds=tuple(one for one in found if isinstance(one, Threshold)),
        refused=tuple(one for one in found if isinstance(one, Refused)),
        num_people=num_people,
        num_same=len(kind.same),
        num_different=kind.num_different,
    )


def _sorted(cameras: tuple[str, str]) -> tuple[str, str]:
    first, second = sorted(cameras)
    return first, second


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) for name, value in values.items() if isinstance(value, list)}


def _measured_of(values: dict[str, Any]) -> Measured:
    def threshold(one: dict[str, Any]) -> Threshold:
        tar = None if one["tar"] is None else Interval(**one["tar"])
        return Threshold(**{**one, "far": Interval(**one["far"]), "tar": tar})

    return Measured(
        **{
            **values,
            "curve": Curve(**_tuples(values["curve"])),
            "thresholds": tuple(map(threshold, values["thresholds"])),
            "refused": tuple(Refused(**one) for one in values["refused"]),
        }
    )
