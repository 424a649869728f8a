"""Clusters of an epoch where the images hold junk: one person a thousand times, pictures of nobody, nothing at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from dgnet.config import AdaptConfig, RunConfig
from dgnet.models.appearance import AppearanceEncoder
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.clustering.agreement import agreement
from dgnet.retrieval.clustering.dbscan import COPY, OUTLIER
from dgnet.training.adaptation.features import likeness_of_copies
from dgnet.training.adaptation.finding import AdaptError, figures_of, find_clusters

SETTINGS = AdaptConfig(k1=10, k2=3, min_samples=4)
PEOPLE, EACH, CROWD, NOBODY = 30, 8, 900, 300
ALIKE = 0.97


def unit(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def one_camera(features: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.zeros(len(features), dtype=np.int64)


@pytest.fixture
def features() -> npt.NDArray[np.float32]:
    """30 people with 8 images each, then one with 900 that are nearly the same, then 300 images that resemble none."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    people = np.repeat(rng.normal(size=(PEOPLE, 32)), EACH, axis=0) + 0.35 * rng.normal(size=(PEOPLE * EACH, 32))
    crowd = rng.normal(size=32) + 0.1 * rng.normal(size=(CROWD, 32))
    return unit(np.concatenate([people, crowd, rng.normal(size=(NOBODY, 32))]))


def test_a_crowd_and_pictures_of_nobody_do_not_hide_the_people(features: npt.NDArray[np.float32]) -> None:
    truth = np.repeat(np.arange(PEOPLE), EACH)
    number = len(truth)

    def rand_and_clusters(copies: int) -> tuple[float, int]:
        found = find_clusters(features, one_camera(features), ALIKE, replace(SETTINGS, copies=copies), first=True)
        crowd = found.labels[number : number + CROWD]
        return agreement(found.labels[:number], truth).rand, len(np.unique(crowd[crowd >= 0]))

    rand, in_crowd = rand_and_clusters(8)
    assert rand > 0.9
    assert in_crowd <= 8
    assert rand_and_clusters(0)[1] > 30  # why near copies are left out

    found = find_clusters(features, one_camera(features), ALIKE, SETTINGS, first=True)
    copies = int((found.labels == COPY).sum())
    assert CROWD - 60 < copies <= CROWD - 8
    figures = figures_of(found)
    assert figures["copies"] == copies
    assert figures["outliers"] == (found.labels == OUTLIER).sum() > 0.6 * NOBODY
    inside = found.labels >= 0
    assert found.share == pytest.approx(inside.sum() / (len(features) - copies))
    assert found.score == pytest.approx(found.silhouettes[inside].sum() / (len(features) - copies), rel=1e-5)


def test_what_a_camera_adds_to_all_its_images_does_not_part_people() -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    truth, camids = np.repeat(np.arange(PEOPLE), 2 * EACH), np.tile(np.arange(2), PEOPLE * EACH)
    own, cameras = rng.normal(size=(PEOPLE, 32)), 1.2 * rng.normal(size=(2, 32))
    features = unit(own[truth] + cameras[camids] + 0.35 * rng.normal(size=(len(truth), 32)))
    settings = replace(SETTINGS, copies=0)
    told, untold = (
        agreement(find_clusters(features, cams, ALIKE, settings, first=True).labels, truth).rand
        for cams in (camids, one_camera(features))
    )
    assert told > 0.9
    assert untold < told - 0.2


def test_features_that_collapse_end_training_but_do_not_lose_it(features: npt.NDArray[np.float32]) -> None:
    same = features[:1].repeat(40, axis=0)
    with pytest.raises(AdaptError, match="of 40 images, all but 8 are near copies of others"):
        find_clusters(same, one_camera(same), ALIKE, SETTINGS, first=True)
    found = find_clusters(same, one_camera(same), ALIKE, SETTINGS, first=False)
    assert (found.num_clusters, found.score, len(found.labels)) == (0, 0, 40)


def test_how_alike_copies_are_is_seen_from_images_that_are_moved(config: RunConfig, model: DGNet) -> None:
    encoder: AppearanceEncoder = model.appearance_encoder
    rng = np.random.default_rng(0)
    flat = np.full((20, 64, 32, 3), 1, np.uint8) * rng.integers(0, 255, (20, 1, 1, 3), dtype=np.uint8)
    noise = rng.integers(0, 256, (20, 64, 32, 3), dtype=np.uint8)
    found = [likeness_of_copies(encoder, some, 3, config.alpha, torch.device("cpu")) for some in (flat, noise)]
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert found[1] < 0.9999
    assert likeness_of_copies(encoder, noise, 0, config.alpha, torch.device("cpu")) == pytest.approx(1, abs=1e-5)
