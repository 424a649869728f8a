"""Each tracker's call gives the features of exactly the boxes' pixels; odd boxes and frames are answered or refused."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import dgnet
from dgnet.trackers import Embedder
from dgnet.trackers.frames import BoxError


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder("bundled-small", device="cpu")


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """BGR, 120 x 160: blocks of colour, so that features differ."""
    blocks = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).repeat(10, 0).repeat(10, 1)
    return (blocks * 0.8 + np.random.default_rng(1).integers(0, 50, (120, 160, 3))).astype(np.uint8)


def expected(embedder: Embedder, frame: np.ndarray, *parts: tuple[int, int, int, int]) -> np.ndarray:
    """The features of x1, y1, x2, y2 by the model itself, RGB."""
    crops = [frame[y1:y2, x1:x2, ::-1] for x1, y1, x2, y2 in parts]
    found = embedder.model.features(crops, mirror=False)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


BOXES = np.array([[10, 20, 50, 100], [70, 0, 110, 90]], float)


def test_every_call_gives_the_same_features(embedder: Embedder, frame: np.ndarray) -> None:
    right = expected(embedder, frame, (10, 20, 50, 100), (70, 0, 110, 90))
    assert np.abs(right[0] - right[1]).max() > 0.05
    size = BOXES[:, 2:] - BOXES[:, :2]
    centres = np.concatenate([(BOXES[:, :2] + BOXES[:, 2:]) / 2, size], axis=1)
    detections = SimpleNamespace(xyxy=BOXES.astype(np.float32))
    scored = np.concatenate([BOXES, [[0.9, 0], [0.8, 0]]], axis=1)
    answers = [
        embedder.get_features(BOXES, frame),
        embedder.get_features(torch.from_numpy(BOXES), frame),
        np.stack(embedder.predict([frame[20:100, 10:50], frame[0:90, 70:110]])),
        embedder.of_ltwh(frame, np.concatenate([BOXES[:, :2], size], axis=1)),
        embedder.extract_features(detections, frame),
        embedder.extract_embeddings(detections, frame, batch_size=1),
        np.stack([row for row in embedder(frame, centres) if row is not None]),
        embedder.encode([frame], [scored])[0].numpy(),
    ]
    for found in answers:
        assert (found.dtype, found.shape) == (np.float32, (2, embedder.embedding_dim))
        np.testing.assert_allclose(found, right, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(answers[0], axis=1), 1, atol=1e-5)
    assert embedder.requirements == ()


def test_boxes_between_pixels_take_every_pixel_that_they_touch(embedder: Embedder, frame: np.ndarray) -> None:
    boxes = [[10.2, 20.9, 49.1, 99.5], [-30.0, -1e30, 40.5, 60.0], [100.0, 50.0, np.inf, np.inf]]
    right = expected(embedder, frame, (10, 20, 50, 100), (0, 0, 41, 60), (100, 50, 160, 120))
    np.testing.assert_allclose(embedder.get_features(boxes, frame), right, atol=1e-5)


def test_turned_boxes(embedder: Embedder, frame: np.ndarray) -> None:
    """A box that is not turned is the upright one; a quarter turn is the picture turned by a quarter."""
    upright = [30.0, 60.0, 40.0, 80.0, 0.0]
    quarter = [30.0, 60.0, 80.0, 40.0, np.pi / 2]
    found = embedder.get_features([upright, quarter], frame)
    crops = [frame[20:100, 10:50, ::-1], np.rot90(frame[20:100, 10:50, ::-1])]
    right = embedder.model.features(crops, mirror=False)
    np.testing.assert_allclose(found, right / np.linalg.norm(right, axis=1, keepdims=True), atol=1e-5)
    odd = [[30, 60, 0, 80, 0], [np.nan] * 5, [-500, 60, 40, 80, 0.3], [30, 60, -4, 8, 0.1]]
    assert np.isfinite(embedder.get_features(odd, frame)).all()


ODD = [
    [5, 5, 5, 50],  # without area
    [50, 50, 20, 20],  # negative size
    [500, 500, 600, 700],  # outside
    [-90, -90, -10, -10],
    [np.nan, 0, 10, 10],
    [0, 0, np.nan, np.nan],
    [np.inf, 0, -np.inf, 10],
    [160, 0, 200, 120],  # begins at the frame's edge
]


def test_odd_boxes_keep_the_order_and_are_finite(embedder: Embedder, frame: np.ndarray) -> None:
    boxes = [*ODD, BOXES[0].tolist()]
    found = embedder.get_features(boxes, frame)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found[-1:], expected(embedder, frame, (10, 20, 50, 100)), atol=1e-5)
    assert np.abs(found[:-1] - found[0]).max() == 0  # all of them show nobody
    assert np.abs(found[0] - found[-1]).max() > 0.05


def test_ultralytics_gets_none_for_them(embedder: Embedder, frame: np.ndarray) -> None:
    found = embedder(frame, [[5, 5, 0, 10, 0.9], [30, 60, 40, 80, 0.9], [900, 900, 5, 5, 0.9], [np.nan, 1, 2, 3, 0.9]])
    assert [one is None for one in found] == [True, False, True, True]
    assert found[1] is not None
    np.testing.assert_allclose(found[1], expected(embedder, frame, (10, 20, 50, 100))[0], atol=1e-5)


@pytest.mark.parametrize("none", [[], np.empty((0, 4)), np.empty(0), torch.empty(0, 4), np.empty((0, 5))])
def test_no_boxes(none: object, embedder: Embedder, frame: np.ndarray) -> None:
    width = embedder.embedding_dim
    assert embedder.get_features(none, frame).shape == (0, width)
    assert embedder.extract_features(SimpleNamespace(xyxy=np.empty((0, 4))), frame).shape == (0, width)
    assert [one.shape for one in embedder.encode([frame, frame], [none, BOXES])] == [(0, width), (2, width)]
    assert (embedder.predict([]), embedder(frame, [])) == ([], [])


def test_frames_of_every_layout(embedder: Embedder, frame: np.ndarray) -> None:
    right = embedder.get_features(BOXES, frame)
    opaque = np.concatenate([frame, np.full((120, 160, 1), 255, np.uint8)], axis=2)
    for same in (np.asfortranarray(frame), frame[::-1][::-1], opaque, torch.from_numpy(frame)):
        np.testing.assert_allclose(embedder.get_features(BOXES, same), right, atol=1e-5)
    grey = frame[:, :, 0]
    threefold = embedder.get_features(BOXES, np.stack([grey] * 3, axis=2))
    for same in (grey, grey[:, :, None]):
        np.testing.assert_allclose(embedder.get_features(BOXES, same), threefold, atol=1e-5)
    assert np.isfinite(embedder.predict([np.empty((0, 7, 3), np.uint8)])).all()


def test_what_no_tracker_means_is_refused(embedder: Embedder, frame: np.ndarray) -> None:
    for given, message in (
        (frame / 255.0, "frame: found float64 120 x 160 x 3, must be uint8 .* if it lies in 0 to 1"),
        (frame.astype(np.int32), "frame: found int32"),
        (frame[None], "frame: found 1 x 120 x 160 x 3, must be H x W x 3"),
        (frame.transpose(2, 0, 1), "frame: found 3 x 120 x 160, must be"),
        (np.empty((0, 10, 3), np.uint8), "which has no pixels"),
        (None, "frame: found object"),
    ):
        with pytest.raises(BoxError, match=message):
            embedder.get_features(BOXES, given)
    for boxes, message in (
        (np.zeros((2, 6)), "boxes: found 2 x 6, must be N x 4 or N x 5"),
        ([[1, 2, 3], [1, 2]], "boxes: cannot be read as an array of numbers"),
        ([["a", "b", "c", "d"]], "boxes: cannot be read"),
        (np.zeros((1, 2, 4)), "boxes: found 1 x 2 x 4"),
    ):
        with pytest.raises(BoxError, match=message):
            embedder.get_features(boxes, frame)
    with pytest.raises(BoxError, match=r"np_images\[1\]: found float64"):
        embedder.predict([frame, frame / 2])
    with pytest.raises(BoxError, match="encode: found 1 frames and detections of 2"):
        embedder.encode([frame], [BOXES, BOXES])
    with pytest.raises(dgnet.DgnetError, match="part: found 'both_'"):
        Embedder(embedder.model, part="both_")


def test_trackers_under_other_licences_are_never_imported() -> None:
    code = (
        "import sys, dgnet.trackers.embedder; bad = {'boxmot', 'ultralytics'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
