"""The kept network's features are whitened by its clusters, as by labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet.config import RunConfig
from dgnet.experiment.adaptation.images import data_settings, open_images
from dgnet.experiment.adaptation.whitened import whiten_by_clusters
from dgnet.experiment.whiten import whiten
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.clustering.dbscan import OUTLIER, Clustering

CPU = torch.device("cpu")


def test_outliers_take_no_part(config: RunConfig, make_market: Callable[[int], Path], tmp_path: Path) -> None:
    data = open_images(data_settings(f"market1501={make_market(12)}", "", (64, 32), str(tmp_path)))
    assert data.truth is not None
    labels = data.truth - 1
    labels[::12] = OUTLIER
    clusters = Clustering(labels, np.zeros(len(labels), np.float32), 0.5)
    torch.manual_seed(0)
    model = DGNet(config.network, 3).eval()
    by, note = whiten_by_clusters(model, data, clusters, config, CPU)
    assert by == "66 images in 12 clusters of market1501"
    assert "whitened by 66 images in 12 clusters of market1501 (adapt.whitening)" in note
    found = model.appearance_encoder.prim.whitening
    inside = labels != OUTLIER
    whiten(model, data.images[np.flatnonzero(inside)], labels[inside], ridge=config.adapt.whitening, device=CPU)
    expected = model.appearance_encoder.prim.whitening
    assert found is not None
    assert expected is not None
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("ridge", "said"), [(0.0, "adapt.whitening is 0"), (0.1, "not whitened: found 24 images of 4")]
)
def test_nothing_old_is_left_where_nothing_is_whitened(
    ridge: float, said: str, config: RunConfig, market: Path, tmp_path: Path
) -> None:
    data = open_images(data_settings(f"market1501={market}", "", (64, 32), str(tmp_path)))
    assert data.truth is not None
    clusters = Clustering(data.truth - 1, np.zeros(24, np.float32), 0.5)
    teacher = Teacher(config.teacher.backbone, 8, 3)
    teacher.head.whitening = torch.eye(8)
    asked = replace(config, adapt=replace(config.adapt, whitening=ridge))
    by, note = whiten_by_clusters(teacher, data, clusters, asked, CPU)
    assert by == "nobody"
    assert said in note
    assert teacher.head.whitening is None
