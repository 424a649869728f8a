"""`+draw`: E_s, G and D learn by the codes of an E_a that stays as T; `+feed`: E_a learns, and they stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.config.errors import ConfigError
from dgnet.config.presets import draw, feed
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


def test_e_a_learns_and_the_rest_stays(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="start: empty, but no term trains E_s and G"):
        train(feed(config), tmp_path / "new")
    old = DGNet(config.network, 4)
    save_model(tmp_path / "m.safetensors", old, config, {"trained on": "msmt17"})
    train(feed(replace(config, start=str(tmp_path / "m.safetensors"))), tmp_path / "run")
    model = load_model(tmp_path / "run/model.safetensors").model
    for module, before in ((model.decoder, old.decoder), (model.structure_encoder, old.structure_encoder)):
        theirs = before.state_dict()
        assert all(torch.equal(value, theirs[name]) for name, value in module.state_dict().items())
    before = old.appearance_encoder.state_dict()
    learnt = [name for name, value in model.appearance_encoder.state_dict().items() if not value.equal(before[name])]
    assert any(name.startswith("fine.") for name in learnt)
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert any(row.get("prim") for row in rows if row["phase"] == "joint")
