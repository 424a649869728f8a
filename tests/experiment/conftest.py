"""A run folder made without training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from dgnet.config import RunConfig, to_dict
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model, save_teacher


@pytest.fixture
def run(config: RunConfig, tmp_path: Path) -> Path:
    """The folder of a run with untrained networks, whose running statistics are not the initial ones."""
    torch.manual_seed(0)
    model, teacher = DGNet(config.network, 4), Teacher(config.teacher.backbone, 8, 4)
    with torch.no_grad():
        for network in (model.appearance_encoder, teacher):
            for _ in range(20):
                network(torch.randn(8, 3, 64, 32))
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(to_dict(config)))
    save_model(folder / "model.safetensors", model, config, card={})
    save_teacher(folder / "teacher.safetensors", teacher, config, card={})
    return folder
