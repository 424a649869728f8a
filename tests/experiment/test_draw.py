"""`+draw`: E_s, G and D learn by the codes of an E_a that stays as T."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.config.presets import draw
from dgnet.experiment.train import train
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, load_teacher, save_model


def test_e_a_stays_as_t_and_the_rest_learns(config: RunConfig, tmp_path: Path) -> None:
    published = replace(config.loss, running_codes=False)
    alike = replace(config, loss=published, network=replace(config.network, backbone=config.teacher.backbone))
    old = DGNet(alike.network, 4)
    save_model(tmp_path / "m.safetensors", old, alike, {"trained on": "msmt17"})
    train(draw(replace(alike, start=str(tmp_path / "m.safetensors"))), tmp_path / "run")
    model = load_model(tmp_path / "run/model.safetensors").model
    teacher = load_teacher(tmp_path / "run/teacher.safetensors").model
    kept = {f"appearance_encoder.backbone.{name}": value for name, value in teacher.backbone.state_dict().items()}
    kept |= {f"appearance_encoder.prim.{name}": value for name, value in teacher.head.state_dict().items()}
    found = model.state_dict()
    for name, value in kept.items():
        assert torch.equal(found[name], value), name
    for module, before in ((model.decoder, old.decoder), (model.structure_encoder, old.structure_encoder)):
        theirs = before.state_dict()
        moved = [not torch.equal(value, theirs[name]) for name, value in module.state_dict().items()]
        assert all(moved), "from those of the model that they began as"
