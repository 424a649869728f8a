"""Whole runs: training N steps equals training k, stopping, and resuming for N - k; and failures during a run."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import math
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from dgnet.config import ConfigError, RunConfig, to_dict
from dgnet.data.records import DataError
from dgnet.experiment.train import train
from dgnet.files.tensors import WeightsError, read_tensors, write_tensors
from dgnet.models.weights.ours import load_model
from dgnet.training.checkpoint import CheckpointError, latest_checkpoint
from dgnet.training.execution import choice
from dgnet.training.log import DivergenceError, read_log
from dgnet.training.stop import Interrupted
from dgnet.training.teacher import TeacherError


def tensors_of(run: Path) -> dict[str, torch.Tensor]:
    path = latest_checkpoint(run / "checkpoints")
    assert path is not None
    return read_tensors(path)[0] | {f"kept.{k}": v for k, v in read_tensors(run / "model.safetensors")[0].items()}


def assert_same(first: Path, second: Path) -> None:
    one, other = tensors_of(first), tensors_of(second)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    results = [json.loads((run / "results.json").read_text()) for run in (first, second)]
    assert results[0] == results[1]


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Send this process SIGTERM during a step, as a scheduler would."""
    real, taken = choice.joint_step, iter(range(10_000))

    def step(*args, **kwargs):  # type: ignore[no-untyped-def]
        if next(taken) == steps - 1:
            signal.raise_signal(signal.SIGTERM)
        return real(*args, **kwargs)

    monkeypatch.setattr(choice, "joint_step", step)


def test_a_run_writes_everything(config: RunConfig, tmp_path: Path) -> None:
    report = train(config, tmp_path / "run")
    page = report.read_text()
    assert all(name in page for name in ("Baseline", "prim", "fine", "mAP"))
    assert "http://" not in page.replace("http://www.w3.org", "")
    figures = json.loads((tmp_path / "run/results.json").read_text())["retrieval"]
    assert [row["feature"] for row in figures] == ["baseline", "f_prim", "f_fine", "f_prim+f_fine"]
    assert all(0 <= row["map_step"] <= 1 for row in figures)
    assert {p.name for p in (tmp_path / "run/samples").iterdir()} == {"0000004.jpg", "0000008.jpg"}
    assert len(list((tmp_path / "run/checkpoints").glob("*.safetensors"))) == 2
    rows = read_log(tmp_path / "run/log.jsonl")
    assert {row["phase"] for row in rows} == {"teacher", "joint"}
    assert "prim" not in rows[2]  # before the ramp
    assert {"image", "cycle", "redressed", "prim", "fine", "r1"} <= set().union(*rows)
    assert yaml.safe_load((tmp_path / "run/config.yaml").read_text()) == to_dict(config)


@pytest.mark.parametrize("steps", [1, 5])
def test_stop_and_resume_is_bit_for_bit_one_run(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
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
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run that recomputes here began without, was stopped, and is resumed."""
    caplog.set_level(logging.INFO, logger="dgnet")
    train(config, tmp_path / "plain")
    assert "recompute: " not in caplog.text
    interrupted_run(config, tmp_path / "recomputed", monkeypatch)
    train(replace(config, execution="recompute"), tmp_path / "recomputed", resume=True)
    assert "parts of E_a, E_s and G run again in the backward" in caplog.text
    assert_same(tmp_path / "plain", tmp_path / "recomputed")


def test_where_nothing_compiles_training_goes_on_as_if_not_asked_to(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def backend(_graph, _inputs):  # type: ignore[no-untyped-def]
        raise OSError("no C++ compiler here")

    train(config, tmp_path / "plain")
    monkeypatch.setattr(choice, "compiling", functools.partial(choice.compiling, backend=backend))
    train(replace(config, execution="compile"), tmp_path / "asked")
    told = "compile: not possible here for E_a, E_s, G, D, T: backend='backend' raised: OSError: no C++ compiler here"
    assert next(r.getMessage() for r in caplog.records if r.name == "dgnet.training.execution.compile") == told
    assert_same(tmp_path / "plain", tmp_path / "asked")


def test_the_same_seed_gives_the_same_run_and_another_does_not(config: RunConfig, tmp_path: Path) -> None:
    for name in ("first", "second"):
        train(config, tmp_path / name)
    assert_same(tmp_path / "first", tmp_path / "second")
    logs = [read_log(tmp_path / name / "log.jsonl") for name in ("first", "second")]
    assert [{**row, "seconds": 0} for row in logs[0]] == [{**row, "seconds": 0} for row in logs[1]]
    train(replace(config, seed=1), tmp_path / "third")
    one, other = tensors_of(tmp_path / "first"), tensors_of(tmp_path / "third")
    assert not torch.equal(one["kept.decoder.upsample.0.conv.weight"], other["kept.decoder.upsample.0.conv.weight"])


def test_a_finished_run_is_not_trained_again(config: RunConfig, tmp_path: Path) -> None:
    train(config, tmp_path / "run")
    before = (tmp_path / "run/model.safetensors").stat().st_mtime_ns
    with pytest.raises(ConfigError, match="--resume"):
        train(config, tmp_path / "run")
    train(config, tmp_path / "run", resume=True)
    assert (tmp_path / "run/model.safetensors").stat().st_mtime_ns == before


def test_baseline_alone(config: RunConfig, tmp_path: Path) -> None:
    train(replace(config, joint=False), tmp_path / "run")
    rows = json.loads((tmp_path / "run/results.json").read_text())["retrieval"]
    assert [row["feature"] for row in rows] == ["baseline"]


def interrupted_run(config: RunConfig, out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(Interrupted):
            train(config, out)
    found = latest_checkpoint(out / "checkpoints")
    assert found is not None
    return found


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


@contextlib.contextmanager
def settings_in(path: Path) -> Iterator[dict[str, Any]]:
    """The settings in a checkpoint, to be changed into those that another version of dgnet would have written."""
    tensors, metadata = read_tensors(path)
    settings = json.loads(metadata["config"])
    yield settings
    write_tensors(path, tensors, {**metadata, "config": json.dumps(settings)})


def test_a_checkpoint_older_than_a_setting_continues_where_the_default_means_what_it_did(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
def test_the_command_line_trains_evaluates_and_swaps(market: Path, tmp_path: Path) -> None:
    """Every command runs in a process of its own, as for a user."""

    def dgnet(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dgnet", *words], cwd=tmp_path, text=True, capture_output=True, check=False
        )

    narrow = ["--network.structure_width=2", "--network.backbone.width=8", "--teacher.backbone.width=8"]
    data = [f"--data.root={market}", f"--data.cache={tmp_path / 'cache'}"]
    trained = dgnet("train", "market1501+small", "--steps=4", "--teacher.min_accuracy=0", "--out=run", *narrow, *data)
    assert trained.returncode == 0, trained.stderr
    assert f"Report: {tmp_path / 'run/report.html'}" in trained.stdout
    assert "teacher" in trained.stderr
    assert "joint" in trained.stderr

    evaluated = dgnet("evaluate", "run", "--out", "again")
    assert evaluated.returncode == 0, evaluated.stderr
    again, before = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("again", "run"))
    assert again.pop("evaluated")["what"] == [str(tmp_path / "run")]
    assert before.pop("evaluated")["what"] == ["."]
    assert again == before

    swapped = dgnet("swap", "run", str(market / "query"), "--out", "people.png", "--each", "single")
    assert swapped.returncode == 0, swapped.stderr
    assert (tmp_path / "people.png").stat().st_size > 1000
    assert len(list((tmp_path / "single").iterdir())) == 16

    again = dgnet("train", "market1501+small", "--steps=4", "--out=run", *narrow, *data)
    assert again.returncode == 1
    assert again.stderr.strip().endswith("continue it with --resume, or choose another --out")
    assert "Traceback" not in again.stderr


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


def test_the_best_model_is_kept_beside_the_last(config: RunConfig, tmp_path: Path) -> None:
    train(replace(config, evaluate_every=3), tmp_path / "run")
    maps = {row["step"]: row["map"] for row in read_log(tmp_path / "run/log.jsonl") if "map" in row}
    assert list(maps) == [3, 6, 8]
    best = load_model(tmp_path / "run/best.safetensors")
    assert float(best.card["map"]) == pytest.approx(max(maps.values()), abs=1e-6)
    assert maps[int(best.card["step"])] == max(maps.values())
    train(config, tmp_path / "plain")
    last, plain = (read_tensors(tmp_path / name / "model.safetensors")[0] for name in ("run", "plain"))
    assert all(torch.equal(value, plain[name]) for name, value in last.items())  # looking changes nothing
