"""E_a and teacher of different architectures: a whole run, which is stopped, continued and measured."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import BackboneConfig, RunConfig
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.train import train
from dgnet.models.weights.ours import load_model, load_teacher
from dgnet.training.execution import choice
from dgnet.training.stop import Interrupted

DEEP = BackboneConfig(layers=(1, 2, 1, 1), width=8, stem="small", last_stride=2, ibn=True)


def figures(folder: Path) -> dict[str, object]:
    rows = json.loads((folder / "results.json").read_text())["retrieval"]
    return {row["feature"]: row for row in rows}


def stop_at_the_third_step(monkeypatch: pytest.MonkeyPatch) -> None:
    real, taken = choice.joint_step, iter(range(8))

    def step(*args, **kwargs):  # type: ignore[no-untyped-def]
        if next(taken) == 2:
            raise Interrupted("stopped")
        return real(*args, **kwargs)

    monkeypatch.setattr(choice, "joint_step", step)


def test_a_student_learns_from_a_teacher_of_another_architecture(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The teacher, of another run: bottlenecks, IBN, more layers, last stride 2. E_a: basic blocks, IBN."""
    train(replace(config, joint=False, teacher=replace(config.teacher, backbone=DEEP)), tmp_path / "teacher")
    given = tmp_path / "teacher/teacher.safetensors"
    assert load_teacher(given).config.teacher.backbone == DEEP

    student = replace(config.network.backbone, ibn=True)
    mixed = replace(
        config,
        network=replace(config.network, backbone=student),
        teacher=replace(config.teacher, weights=str(given)),  # teacher.backbone says otherwise
    )
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        stop_at_the_third_step(patch)
        with pytest.raises(Interrupted):
            train(mixed, tmp_path / "run")
    assert "its own backbone is used (teacher.backbone: bottleneck True, not False; layers (1, 2, 1, 1)" in caplog.text
    train(mixed, tmp_path / "run", resume=True)
    kept, model = load_teacher(tmp_path / "run/teacher.safetensors"), load_model(tmp_path / "run/model.safetensors")
    assert kept.config.teacher.backbone == DEEP
    assert model.config.network.backbone == student
    x = torch.randn(3, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(kept.model(x), load_teacher(given).model(x))

    assert figures(tmp_path / "run")["baseline"] == figures(tmp_path / "teacher")["baseline"]
    evaluate([tmp_path / "run"], Request(out=tmp_path / "again"))
    assert figures(tmp_path / "again") == figures(tmp_path / "run")
