"""Measures of swaps, on networks whose swaps are known to be perfect or to be copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dgnet.config import RunConfig
from dgnet.experiment.data import HeldOut, open_held_out
from dgnet.experiment.evaluation.features import features_by, held_out_features, held_out_labels
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.quality import generated
from dgnet.quality.generated import Generated, measure_generated
from dgnet.quality.realism import Realism


class Drawing(DGNet):
    """Draws one of its two input images, that of `giver`: i or j."""

    giver = "i"

    def swap(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        return x_i if self.giver == "i" else x_j


def measured(config: RunConfig, giver: str, inception: Path | None = None) -> tuple[Generated, HeldOut]:
    torch.manual_seed(0)
    model = Drawing(config.network, 4).eval()
    model.giver = giver
    teacher = Teacher(config.teacher.backbone, 8, 4).freeze()
    data = open_held_out(config)
    function = features_by(teacher, model)
    features = held_out_features(function, data, config.alpha, torch.device("cpu"))
    assert list(features) == ["baseline", "f_prim", "f_fine", "f_prim+f_fine"]
    crops, labels = (data.query, data.gallery), held_out_labels(data)
    found = measure_generated(model, function, "baseline", features["baseline"], labels, crops, inception=inception)
    return found, data


def test_a_network_that_copies_i_keeps_the_person_and_loses_the_structure(config: RunConfig) -> None:
    found, data = measured(config, "i")
    assert found.identity is not None
    assert found.structure is not None
    assert found.identity.swapped == found.identity.real
    assert found.identity.swapped.num_query == len(data.query)
    assert found.structure.num_pairs == len(data.query)
    assert found.structure.code_ratio == pytest.approx(1)
    assert (found.structure.edges, found.structure.found) == (found.structure.other_edges, found.structure.other_found)


def test_a_network_that_copies_j_keeps_the_structure_and_loses_the_person(config: RunConfig) -> None:
    found, _ = measured(config, "j")
    assert found.identity is not None
    assert found.structure is not None
    assert found.identity.swapped == found.identity.copied != found.identity.real
    assert (found.structure.code, found.structure.found) == (0.0, 1.0)
    assert found.structure.edges == pytest.approx(1, abs=1e-4)
    real = found.diversity["SSIM, real, one person"]
    assert real.num_pairs == generated.NUM_DIVERSITY_PAIRS
    assert -1 < found.diversity["SSIM, generated, one person's clothes"].mean < 1


def test_one_test_person_alone_cannot_be_swapped(config: RunConfig, market: Path, tmp_path: Path) -> None:
    last = max(path.name[:4] for path in (market / "query").iterdir())
    for split in ("bounding_box_train", "bounding_box_test", "query"):
        (tmp_path / split).mkdir()
        for path in (market / split).iterdir():
            if split == "bounding_box_train" or path.name.startswith(last):
                (tmp_path / split / path.name).write_bytes(path.read_bytes())
    alone = replace(config, data=replace(config.data, root=str(tmp_path)))
    assert measured(alone, "i")[0] == Generated()


class Means(nn.Module):
    """Takes Inception's place: its features are the mean and deviation of every channel."""

    def forward(self, images: Tensor) -> Tensor:
        assert images.min() >= 0
        assert images.max() <= 1
        return torch.cat([images.mean(dim=(2, 3)), images.std(dim=(2, 3))], dim=1)


def test_realism_compares_swaps_with_the_gallery(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(generated, "load_inception", lambda path: asked.append(path) or Means())
    copied, data = measured(config, "j", Path("weights.pth"))
    assert asked == [Path("weights.pth")]
    assert isinstance(copied.realism, Realism)
    number = len(data.gallery)
    assert (copied.realism.num_real, copied.realism.num_generated) == (number, number)
    assert copied.realism.fid == pytest.approx(0, abs=1e-6)  # the very images of the gallery
    monkeypatch.setattr(generated, "BATCH", 3)
    again, _ = measured(config, "j", Path("weights.pth"))
    assert again.realism == copied.realism
    swapped = measured(config, "i", Path("weights.pth"))[0].realism
    assert swapped is not None
    assert swapped.fid > 1e-4  # the same people, drawn with replacement
    assert np.isfinite(swapped.kid)
