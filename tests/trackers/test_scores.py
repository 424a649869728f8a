"""Figures of trackers on films small enough to count by hand, and against every assignment by brute force."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.trackers.scores import ScoreError, Tracks, iou, score_tracks

pytest.importorskip("scipy")

LEFT, RIGHT, MIDDLE = [0.0, 0, 10, 20], [100.0, 0, 110, 20], [50.0, 0, 60, 20]


def frame(**boxes: list[float]) -> tuple[list[str], np.ndarray]:
    return list(boxes), np.array(list(boxes.values()), float).reshape(-1, 4)


def test_a_perfect_tracker() -> None:
    truth = [frame(a=LEFT, b=RIGHT), frame(a=MIDDLE, b=RIGHT), frame()]
    found = [frame(x=LEFT, y=RIGHT), frame(y=RIGHT, x=MIDDLE), frame()]
    scores = score_tracks(truth, found)
    assert (scores.idf1, scores.num_switches, scores.num_missed, scores.num_false) == (1.0, 0, 0, 0)
    assert (scores.num_people, scores.num_tracks) == (2, 2)


def test_two_tracks_that_change_places() -> None:
    """Two people, four frames; after the second the tracks are exchanged: half of each is right, two switches."""
    truth = [frame(a=LEFT, b=RIGHT)] * 4
    found = [frame(x=LEFT, y=RIGHT)] * 2 + [frame(x=RIGHT, y=LEFT)] * 2
    scores = score_tracks(truth, found)
    assert (scores.idf1, scores.num_switches) == (0.5, 2)


def test_a_person_who_comes_back_under_another_number() -> None:
    """Three frames as x, one unseen, two as z: IDTP 3 of 5 true and 5 found boxes, one switch."""
    truth = [frame(a=LEFT)] * 3 + [frame()] + [frame(a=RIGHT)] * 2
    found = [frame(x=LEFT)] * 3 + [frame()] + [frame(z=RIGHT)] * 2
    scores = score_tracks(truth, found)
    assert (scores.idf1, scores.num_switches, scores.num_tracks) == (pytest.approx(0.6), 1, 2)


def test_missed_and_false_boxes() -> None:
    truth, found = [frame(a=LEFT, b=RIGHT)], [frame(x=LEFT, y=MIDDLE, z=[3.0, 0, 13, 20])]
    scores = score_tracks(truth, found)
    assert (scores.num_missed, scores.num_false) == (1, 2)
    assert scores.idf1 == pytest.approx(2 * 1 / (2 + 3))
    nobody = score_tracks(truth, [frame()])
    assert (nobody.idf1, nobody.num_missed, nobody.num_tracks) == (0.0, 2, 0)


def test_who_was_found_before_is_kept_while_the_overlap_lasts() -> None:
    """y fits better in the second frame, but x still overlaps by two thirds: no switch."""
    truth = [frame(a=LEFT), frame(a=LEFT)]
    found = [frame(x=LEFT), frame(x=[2.0, 0, 12, 20], y=LEFT)]
    assert score_tracks(truth, found).num_switches == 0
    assert score_tracks(truth, [found[0], frame(x=RIGHT, y=LEFT)]).num_switches == 1


tracks = st.lists(st.lists(st.sampled_from("wxyz"), min_size=3, max_size=3, unique=True), min_size=1, max_size=6)


@given(tracks)
def test_idf1_is_that_of_the_best_assignment(names: list[list[str]]) -> None:
    """Three people who stand still, under any names in each frame: the best assignment by trying all."""
    places = np.array([LEFT, RIGHT, MIDDLE])
    truth: Tracks = [(["a", "b", "c"], places)] * len(names)
    found: Tracks = [(ids, places) for ids in names]
    right = max(
        sum(ids[person] == given[person] for ids in names for person in range(3)) for given in permutations("wxyz", 3)
    )
    scores = score_tracks(truth, found)
    assert scores.idf1 == pytest.approx(right / (3 * len(names)))
    changes = sum(before[k] != after[k] for before, after in pairwise(names) for k in range(3))
    assert scores.num_switches == changes


def test_overlaps() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 5, 9]], float)
    expected = [[1, 1 / 7, 0], [1 / 7, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(iou(boxes, boxes), expected)


def test_what_cannot_be_scored_is_named() -> None:
    with pytest.raises(ScoreError, match="found 1 frames of tracks, must be as many as there are true ones: 2"):
        score_tracks([frame(a=LEFT)] * 2, [frame(x=LEFT)])
    with pytest.raises(ScoreError, match=r"frame 0: 2 found ids \['x', 'x'\] of 2 boxes, must differ"):
        score_tracks([frame(a=LEFT)], [(["x", "x"], np.array([LEFT, RIGHT]))])
    with pytest.raises(ScoreError, match="no true boxes"):
        score_tracks([frame()], [frame(x=LEFT)])


def test_the_figures_are_those_of_motmetrics() -> None:
    """Random tracks, against the package that the field uses."""
    motmetrics = pytest.importorskip("motmetrics")
    rng = np.random.default_rng(0)
    truth, found = [], []
    accumulated = motmetrics.MOTAccumulator(auto_id=True)
    for _ in range(60):
        boxes = np.array([[30 * k, 0, 30 * k + 20, 40] for k in range(4)], float)
        others = boxes + rng.normal(0, 4, boxes.shape)
        kept = rng.random(4) < 0.8
        names = rng.permutation(4) if rng.random() < 0.3 else np.arange(4)
        truth.append((list(range(4)), boxes))
        found.append((names[kept].tolist(), others[kept]))
        distances = 1 - iou(boxes, others[kept])
        distances[distances > 0.5] = np.nan
        accumulated.update(range(4), names[kept].tolist(), distances)
    names = ["idf1", "num_switches", "num_misses", "num_false_positives"]
    expected = motmetrics.metrics.create().compute(accumulated, metrics=names, name="film").loc["film"]
    scores = score_tracks(truth, found)
    assert scores.idf1 == pytest.approx(expected["idf1"])
    assert [scores.num_switches, scores.num_missed, scores.num_false] == [int(expected[name]) for name in names[1:]]
