"""Whole runs: what a run writes, which runs are equal bit for bit, and the command line from training to swaps."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from dgnet.config import ConfigError, RunConfig, to_dict
from dgnet.experiment.train import train
from dgnet.files.tensors import read_tensors
from dgnet.models.weights.ours import load_model
from dgnet.training.execution import choice
from dgnet.training.log import read_log

AssertSame = Callable[[Path, Path], None]


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


def test_where_nothing_compiles_training_goes_on_as_if_not_asked_to(
    config: RunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    assert_same: AssertSame,
) -> None:
    def backend(_graph, _inputs):  # type: ignore[no-untyped-def]
        raise OSError("no C++ compiler here")

    train(config, tmp_path / "plain")
    monkeypatch.setattr(choice, "compiling", functools.partial(choice.compiling, backend=backend))
    train(replace(config, execution="compile"), tmp_path / "asked")
    told = "compile: not possible here for E_a, E_s, G, D, T: backend='backend' raised: OSError: no C++ compiler here"
    assert next(r.getMessage() for r in caplog.records if r.name == "dgnet.training.execution.compile") == told
    assert_same(tmp_path / "plain", tmp_path / "asked")


def test_the_same_seed_gives_the_same_run_and_another_does_not(
    config: RunConfig, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]], assert_same: AssertSame
) -> None:
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
