"""What ends a run that cannot go well: images, folders or a teacher that do not fit, and a loss that is no number."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.data.records import DataError
from dgnet.experiment.train import train
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.execution import choice
from dgnet.training.log import DivergenceError
from dgnet.training.teacher import TeacherError


def test_a_diverging_run_names_its_term(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = choice.joint_step

    def step(*args, **kwargs):  # type: ignore[no-untyped-def]
        return replace(real(*args, **kwargs), image=torch.tensor(math.nan))

    monkeypatch.setattr(choice, "joint_step", step)
    with pytest.raises(DivergenceError, match="step 2: image = nan"):
        train(config, tmp_path / "run")
    assert latest_checkpoint(tmp_path / "run/checkpoints") is None


def test_a_teacher_of_other_people_is_refused(
    config: RunConfig, tmp_path: Path, make_market: Callable[[int], Path]
) -> None:
    train(replace(config, joint=False), tmp_path / "teacher")
    other = replace(
        config,
        data=replace(config.data, root=str(make_market(5))),
        teacher=replace(config.teacher, weights=str(tmp_path / "teacher/teacher.safetensors")),
    )
    with pytest.raises(TeacherError, match="tells 4 identities apart, but the training set has 5"):
        train(other, tmp_path / "run")


def test_a_teacher_that_learnt_nothing_is_refused(config: RunConfig, tmp_path: Path) -> None:
    demanding = replace(config, teacher=replace(config.teacher, min_accuracy=1.0, steps=1))
    with pytest.raises(TeacherError, match=r"teacher.min_accuracy"):
        train(demanding, tmp_path / "run")
    assert not (tmp_path / "run/checkpoints").exists()


def test_a_baseline_that_learnt_nothing_is_measured(config: RunConfig, tmp_path: Path) -> None:
    """Nobody takes its labels, so what was trained for hours is not thrown away."""
    alone = replace(config, joint=False, teacher=replace(config.teacher, min_accuracy=1.0, steps=1))
    train(alone, tmp_path / "run")
    assert (tmp_path / "run/teacher.safetensors").is_file()
    assert (tmp_path / "run/results.json").is_file()


def test_a_corrupt_image_is_named_and_nothing_is_written(config: RunConfig, market: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(market, root)
    victim = sorted((root / "bounding_box_train").iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:200])
    with pytest.raises(DataError, match=victim.name):
        train(replace(config, data=replace(config.data, root=str(root))), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_empty_folder_is_named(config: RunConfig, market: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(market, root)
    shutil.rmtree(root / "query")
    (root / "query").mkdir()
    with pytest.raises(DataError, match="query"):
        train(replace(config, data=replace(config.data, root=str(root))), tmp_path / "run")


def test_one_identity_only_is_refused(config: RunConfig, tmp_path: Path, make_market: Callable[[int], Path]) -> None:
    data = replace(config.data, root=str(make_market(1)))
    with pytest.raises(DataError, match="two identities"):
        train(replace(config, data=data), tmp_path / "run")
