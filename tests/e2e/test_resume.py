"""Resuming: N steps equal k, a stop and N - k more; which checkpoints can be continued; full disks and killed runs."""

from __future__ import annotations

import contextlib
import json
import logging
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dgnet.config import RunConfig
from dgnet.experiment.train import train
from dgnet.files.tensors import WeightsError, read_tensors, write_tensors
from dgnet.training.checkpoint import CheckpointError, latest_checkpoint
from dgnet.training.execution import choice
from dgnet.training.stop import Interrupted

AssertSame = Callable[[Path, Path], None]


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Send this process SIGTERM during a step, as a scheduler would."""
    real, taken = choice.joint_step, iter(range(10_000))

    def step(*args, **kwargs):  # type: ignore[no-untyped-def]
        if next(taken) == steps - 1:
            signal.raise_signal(signal.SIGTERM)
        return real(*args, **kwargs)

    monkeypatch.setattr(choice, "joint_step", step)


def interrupted_run(config: RunConfig, out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(Interrupted):
            train(config, out)
    found = latest_checkpoint(out / "checkpoints")
    assert found is not None
    return found


@contextlib.contextmanager
def settings_in(path: Path) -> Iterator[dict[str, Any]]:
    """The settings in a checkpoint, to be changed into those that another version of dgnet would have written."""
    tensors, metadata = read_tensors(path)
    settings = json.loads(metadata["config"])
    yield settings
    write_tensors(path, tensors, {**metadata, "config": json.dumps(settings)})


@pytest.mark.parametrize("steps", [1, 5])
def test_stop_and_resume_is_bit_for_bit_one_run(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assert_same: AssertSame, steps: int
) -> None:
    train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, steps)
        with pytest.raises(Interrupted, match=f"{steps} of 8 joint steps; --resume"):
            train(config, tmp_path / "parts")
    assert not (tmp_path / "parts/model.safetensors").exists()
    train(config, tmp_path / "parts", resume=True)
    assert_same(tmp_path / "whole", tmp_path / "parts")


def test_a_run_that_recomputes_is_the_same_bit_for_bit(
    config: RunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    assert_same: AssertSame,
) -> None:
    """The run that recomputes here began without, was stopped, and is resumed."""
    caplog.set_level(logging.INFO, logger="dgnet")
    train(config, tmp_path / "plain")
    assert "recompute: " not in caplog.text
    interrupted_run(config, tmp_path / "recomputed", monkeypatch)
    train(replace(config, execution="recompute"), tmp_path / "recomputed", resume=True)
    assert "parts of E_a, E_s and G run again in the backward" in caplog.text
    assert_same(tmp_path / "plain", tmp_path / "recomputed")


def test_a_truncated_checkpoint_is_named(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = interrupted_run(config, tmp_path / "run", monkeypatch)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=rf"{path.name}.*truncated.*Delete it"):
        train(config, tmp_path / "run", resume=True)
    path.unlink()
    train(config, tmp_path / "run", resume=True)


def test_resuming_with_other_settings_is_refused(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_run(config, tmp_path / "run", monkeypatch)
    with pytest.raises(CheckpointError, match=r"loss.cycle: 2.0 then, 1.0 now"):
        train(replace(config, loss=replace(config.loss, cycle=1.0)), tmp_path / "run", resume=True)


def test_a_checkpoint_older_than_a_setting_continues_where_the_default_means_what_it_did(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assert_same: AssertSame
) -> None:
    path = interrupted_run(config, tmp_path / "run", monkeypatch)
    with settings_in(path) as settings:
        del settings["loss"]["code1_gradient"], settings["data"]["store"]
        del settings["network"]["backbone"]["last_stride"]
    other = replace(config, loss=replace(config.loss, code1_gradient=False))
    with pytest.raises(CheckpointError, match=r"\(loss.code1_gradient: True then, False now\)"):
        train(other, tmp_path / "run", resume=True)
    train(config, tmp_path / "run", resume=True)
    train(config, tmp_path / "whole")
    assert_same(tmp_path / "whole", tmp_path / "run")


def test_a_checkpoint_with_a_setting_unknown_here_is_refused(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted_run(config, tmp_path / "run", monkeypatch)
    with settings_in(path) as settings:
        settings["loss"]["style"] = 0.5
    with pytest.raises(CheckpointError, match=r"loss.style: no such setting.* another version of dgnet"):
        train(config, tmp_path / "run", resume=True)


def test_a_full_disk_keeps_the_last_checkpoint(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the size of files stands for a full disk: both fail while a file is written."""
    before = interrupted_run(config, tmp_path / "run", monkeypatch)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before.stat().st_size // 2, hard))
        with pytest.raises(WeightsError, match=r"step_.*cannot be written"):
            train(config, tmp_path / "run", resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p for p in (tmp_path / "run/checkpoints").iterdir() if p.suffix != ".safetensors"] == []
    train(config, tmp_path / "run", resume=True)


@pytest.mark.e2e
def test_killed_again_and_again_a_run_loses_little_and_ends_the_same(market: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks/kill_and_resume.py"
    words = ["--kills=4", "--steps=40", f"--root={market}"]
    done = subprocess.run([sys.executable, str(script), *words], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("4 kills: every file readable")


def test_another_number_of_processes_is_told(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = interrupted_run(config, tmp_path / "run", monkeypatch)
    tensors, metadata = read_tensors(path)
    assert metadata["processes"] == "1"
    write_tensors(path, tensors, {**metadata, "processes": "4"})
    train(config, tmp_path / "run", resume=True)
    assert "written by 4 processes, continued by 1" in caplog.text
    assert "0.25 times as many images" in caplog.text


def test_what_a_killed_run_left_half_written_goes(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = interrupted_run(config, tmp_path / "run", monkeypatch)
    left = [
        checkpoint.with_name(f".{checkpoint.stem}.123.partial.safetensors"),
        tmp_path / "run/.log.jsonl.partial",
        tmp_path / "run/.000.partial.jpg",
        tmp_path / "run/.tmpAbC123",
    ]
    for path in left:
        path.write_bytes(b"half")
    train(config, tmp_path / "run", resume=True)
    assert not any(path.exists() for path in left)
