"""A whole calibration: kept and read again, by pair of cameras, refused where there is too little."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dgnet.errors import DgnetError
from dgnet.gallery.calibration import calibration as calibration_module
from dgnet.gallery.calibration.calibration import MOST_PER_PERSON, Calibration, calibrate, draw_images
from dgnet.gallery.calibration.curve import CalibrationError, curve_of
from dgnet.gallery.calibration.reliability import judge
from dgnet.retrieval.pairs import kinds_of_pairs, together


def crowd(seed: int, num_people: int = 40, each: int = 6) -> tuple[np.ndarray, list[str], list[str]]:
    """Unit features of people on three cameras: c3 sees only the first five."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(num_people), each)
    cameras = np.array(["c1", "c2"])[np.arange(len(people)) % 2]
    cameras[(people < 5) & (np.arange(len(people)) % each == 0)] = "c3"
    features = rng.normal(size=(num_people, 16))[people] + 0.7 * rng.normal(size=(len(people), 16))
    features[cameras == "c2"] += 0.8
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features.astype(np.float32), [f"p{one}" for one in people], cameras.tolist()


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(*crowd(0), model_hash="m", data="a crowd", progress=False)


def test_it_is_the_same_when_read_again(found: Calibration) -> None:
    assert Calibration.from_json(found.to_json()) == found
    assert (found.model_hash, found.data, found.num_images) == ("m", "a crowd", 240)
    assert (found.overall.num_people, found.date[:2]) == (40, "20")


def test_pairs_of_cameras_have_figures_of_their_own_where_there_is_enough(found: Calibration) -> None:
    features, people, cameras = crowd(0)
    assert set(found.cameras) == {("c1", "c2")}
    assert set(found.too_few) == {("c1", "c1"), ("c1", "c3"), ("c2", "c2"), ("c2", "c3"), ("c3", "c3")}
    assert "at least 20 are needed" in found.too_few["c1", "c3"]
    one, two = (np.array(cameras) == name for name in ("c1", "c2"))
    values = features[one] @ features[two].T
    same = np.array(people)[one][:, None] == np.array(people)[two]
    threshold = found.threshold(0.01, ("c2", "c1"))
    assert (values[~same] >= threshold).mean() <= 0.01 < (values[~same] >= threshold - 0.01).mean()
    assert found.threshold(0.01, ("c1", "c3")) == found.threshold(0.01)
    assert found.threshold(0.01) != threshold


def test_the_prior_is_the_share_found_unless_one_is_given(found: Calibration) -> None:
    whole = found.overall
    assert found.prior == pytest.approx(whole.num_same / (whole.num_same + whole.num_different))
    given = calibrate(*crowd(0), prior=0.3, progress=False)
    assert given.prior == 0.3
    assert given.probability(0.5) == pytest.approx(found.probability(0.5, prior=0.3))
    assert given.probability(0.5) > found.probability(0.5)
    with pytest.raises(CalibrationError, match="share between 0 and 1"):
        found.probability(0.5, prior=0)


def test_rates_that_cannot_be_told_are_refused_by_name(found: Calibration) -> None:
    with pytest.raises(CalibrationError, match=r"no threshold for 0.0001: 28,080 pairs .* needs 100,000"):
        found.threshold(1e-4)
    with pytest.raises(CalibrationError, match=r"has thresholds for 0\.01, 0\.001"):
        found.threshold(0.5)
    wide = calibrate(*crowd(0), fars=(0.2,), progress=False)  # more than is kept for the usual rates
    assert wide.overall.thresholds[0].far.rate == pytest.approx(0.2, abs=1e-3)


def test_reliability_is_judged_on_people_left_out(found: Calibration) -> None:
    """Features of nobody: what is learnt of half of the people is worth nothing for the others, and is found out."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(240, 16)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    of_nobody = calibrate(noise, *crowd(0)[1:], progress=False)
    assert of_nobody.reliability.log_loss > 0.99
    assert found.reliability.log_loss < 0.75


def test_reliability_against_going_through_the_pairs() -> None:
    features, people, _ = crowd(1)
    labels = np.unique(people, return_inverse=True)[1]
    kind = together(list(kinds_of_pairs(features, labels, None, kept_share=1.0)))
    curve, prior = curve_of(kind), 0.2
    judged = judge([curve], [kind], prior)
    same, different = (curve.probability(values, 0.5) for values in (kind.same, kind.top))
    for predicted, share in zip(judged.predicted, judged.found, strict=True):
        low = np.floor(predicted * 10) / 10
        ones, twos = (((values >= low) & (values < low + 0.1)).mean() for values in (same, different))
        assert share == pytest.approx(ones / (ones + twos), abs=0.02)
    loss = -prior * np.log(curve.probability(kind.same, prior)).mean()
    loss -= (1 - prior) * np.log(1 - curve.probability(kind.top, prior)).mean()
    alone = -prior * np.log(prior) - (1 - prior) * np.log(1 - prior)
    assert judged.log_loss == pytest.approx(loss / alone, abs=1e-3)
    assert judged.error < 0.03


def test_of_many_images_some_are_drawn_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.repeat([0, 1, 2], [500, 30, 4])
    drawn = draw_images(labels, 0)
    assert np.bincount(labels[drawn]).tolist() == [MOST_PER_PERSON, 30, 4]
    assert (np.diff(drawn) > 0).all()
    monkeypatch.setattr(calibration_module, "MOST_IMAGES", 20)
    assert np.bincount(labels[draw_images(labels, 0)]).tolist() == [8, 8, 4]
    assert draw_images(labels, 0).tolist() == draw_images(labels, 0).tolist()
    assert draw_images(labels, 1).tolist() != draw_images(labels, 0).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, p, c: (f, ["one"] * len(p), c), "1 people|20 are needed"),
        (lambda f, p, c: (f, [f"{one}-{k}" for k, one in enumerate(p)], c), "0 people with two images"),
        (lambda f, p, c: (f[:60], p[:60], c[:60]), "people with two images; at least 20"),
        (lambda f, p, c: (np.full_like(f, np.nan), p, c), "NaN or infinity"),
    ],
)
def test_what_cannot_be_calibrated_on(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DgnetError, match=message):
        calibrate(*change(*crowd(0)), progress=False)


def test_one_unknown_camera_turns_pairs_of_cameras_off() -> None:
    features, people, cameras = crowd(0)
    found = calibrate(features, people, ["", *cameras[1:]], progress=False)
    assert not found.cameras
    assert not found.too_few
    assert found.overall.num_same == 40 * 15


def test_a_note_that_is_none_is_refused(found: Calibration) -> None:
    with pytest.raises(CalibrationError, match="newer dgnet"):
        Calibration.from_json(found.to_json().replace('"format": 1', '"format": 2'))
    for text in ("", "[]", "{}", json.dumps({"format": 1}), found.to_json().replace('"llr"', '"lr"')):
        with pytest.raises(CalibrationError, match="calibrate again"):
            Calibration.from_json(text)
    assert replace(found, prior=0.1) != found
