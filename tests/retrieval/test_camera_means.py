"""Features without the mean of their camera's gallery images."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.features.camera_means import PRIOR, without_camera_means
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import SplitFeatures, measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import CAMERA_MEANS, Row

NUM_PEOPLE, NUM_CAMERAS = 40, 3


def people(seed: int = 0) -> tuple[SplitFeatures, SplitLabels]:
    """Each person by three cameras, twice; each camera adds something of its own to all features."""
    rng = np.random.default_rng(seed)
    own, cameras = rng.normal(size=(NUM_PEOPLE, 16)), 2.5 * rng.normal(size=(NUM_CAMERAS, 16))
    pids, camids = np.repeat(np.arange(NUM_PEOPLE), NUM_CAMERAS), np.tile(np.arange(NUM_CAMERAS), NUM_PEOPLE)

    def taken() -> np.ndarray:
        noise = 0.6 * rng.normal(size=(len(pids), 16))
        return (own[pids] + cameras[camids] + noise).astype(np.float32)

    return SplitFeatures(taken(), taken()), SplitLabels(pids, pids, camids, camids)


def test_it_is_what_the_equation_says_one_image_at_a_time() -> None:
    features, labels = people()
    assert labels.query_camids is not None
    assert labels.gallery_camids is not None
    found = without_camera_means(features.query, features.gallery, labels.query_camids, labels.gallery_camids)
    unit = [f / np.linalg.norm(f) for f in features.gallery.astype(np.float64)]
    for side, cameras, moved in zip(
        (features.query, features.gallery), (labels.query_camids, labels.gallery_camids), found, strict=True
    ):
        for f, camera, g in zip(side.astype(np.float64), cameras, moved, strict=True):
            same = [one for one, its in zip(unit, labels.gallery_camids, strict=True) if its == camera]
            share = len(same) / (len(same) + PRIOR)
            everybody = sum(unit) / len(unit)
            expected = f / np.linalg.norm(f) - everybody - share * (sum(same) / len(same) - everybody)
            np.testing.assert_allclose(g, expected / np.linalg.norm(expected), atol=1e-5)


def test_by_a_camera_without_gallery_images_only_what_all_share_is_taken_away() -> None:
    features, labels = people()
    assert labels.gallery_camids is not None
    unknown = np.full(len(features.query), 99)
    query, _ = without_camera_means(features.query, features.gallery, unknown, labels.gallery_camids)
    asked, searched = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in (features.query, features.gallery))
    expected = asked - searched.mean(axis=0)
    np.testing.assert_allclose(query, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_people_are_found_again_before_cameras_of_their_own() -> None:
    features, labels = people()
    found = measure_retrieval({"f": features}, labels, Protocol(camera_means=True), detailed=False).figures
    plain, moved = found[Row("f")], found[Row("f", CAMERA_MEANS)]
    assert moved.map_step > plain.map_step + 0.1


def test_without_cameras_a_note_says_why_there_is_no_such_row() -> None:
    features, labels = people()
    found = measure_retrieval({"f": features}, labels.without_cameras(), Protocol(camera_means=True), detailed=False)
    assert set(found.figures) == {Row("f")}
    assert any("f: no row 'without camera means', since the cameras are not known" in note for note in found.notes)


def test_wrong_shapes_are_named() -> None:
    features, labels = people()
    assert labels.gallery_camids is not None
    with pytest.raises(EvaluationError, match="query_camids"):
        without_camera_means(features.query, features.gallery, labels.gallery_camids[:-1], labels.gallery_camids)
