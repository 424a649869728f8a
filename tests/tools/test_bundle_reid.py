"""Making the bundled model that recognises real people of a run's teacher."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.appearance import Teacher
from dgnet.models.weights.ours import load_teacher, save_teacher
from tools.bundle import reid
from tools.bundle.card import RealPeople
from tools.bundle.recipe import Recipe


def test_it_is_the_teacher_without_its_classifier_and_with_its_card(
    config: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, 500).eval()
    save_teacher(tmp_path / "whole.safetensors", teacher, config, {}, dtype=torch.float16)
    installed = tmp_path / "installed" / "bundled_reid.safetensors"
    installed.parent.mkdir()
    monkeypatch.setattr(reid, "BUNDLED_REID", installed)
    recipe = Recipe((), str(bundled_root()), ("whole.safetensors",), {"not for": "anything"}, draws=False)
    people = RealPeople(("market1501", str(market)), "six people")
    made = reid.make_reid(recipe, tmp_path, people, install=False)
    assert made == tmp_path / "bundled_reid.safetensors"
    assert not installed.exists()
    found = load_teacher(made)
    assert found.model.num_classes == 0
    x = torch.randn(3, 3, 64, 32)
    with torch.no_grad():
        whole = load_teacher(tmp_path / "whole.safetensors").model
        assert torch.equal(found.model.features(x), whole.features(x))
    assert found.card["training images"] == "2250 of 150 people"
    assert found.card["not for"] == "anything"
    assert re.fullmatch(r"mAP 0\.\d{3} \(step\), Rank@1 0\.\d{3}, on the bundled edition's .*", found.card["re-id"])
    assert re.search(r"six people \(6 identities, .*; Baseline 0\.\d+ / 0\.\d+", found.card["on real people"])
    assert reid.make_reid(recipe, tmp_path, None, install=True) == installed
    assert "on real people" not in load_teacher(installed).card
