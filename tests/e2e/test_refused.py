"""What `dgnet train` refuses before its first step: other people, data without a test, half of torchrun's variables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.config import DataConfig, RunConfig
from dgnet.data.records import DataError
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.train import train
from dgnet.mannequin.swaps import SwapTargetsError
from dgnet.training import teacher
from dgnet.training.execution import choice
from dgnet.training.stop import Interrupted
from dgnet.training.teacher import TeacherError

SPLIT = {"bounding_box_train": "train", "query": "query", "bounding_box_test": "gallery"}
NAMES = {1: "ann", 2: "bob", 3: "cid", 4: "dan", 5: "eve", 6: "fay"}


def in_folders(market: Path, root: Path, camera: str = r"{}") -> Path:
    """Copy the data set as one folder per identity, in splits; `camera` is the form of the camera in a file's name."""
    for theirs, ours in SPLIT.items():
        for path in (market / theirs).iterdir():
            pid, cam, *_ = path.name.split("_")
            place = root / ours / NAMES[int(pid)]
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / f"{cam[:2]}{path.stem[-9:]}_{camera.format(cam[:2])}.jpg")
    return root


@pytest.fixture
def named(config: RunConfig, market: Path, tmp_path: Path) -> RunConfig:
    root = in_folders(market, tmp_path / "people")
    return replace(config, data=DataConfig("folder", str(root), (64, 32), cache=config.data.cache))


def stop_in(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """Interrupt the first step of a training as a scheduler would, before anything is saved."""

    def stop(*_args: object, **_settings: object) -> None:
        raise Interrupted("stopped")

    monkeypatch.setattr(module, name, stop)


def test_case_05_a_run_does_not_go_on_with_other_people(
    named: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped once the teacher is there; each change is named, put right again, and the run then ends."""
    out, root = tmp_path / "run", Path(named.data.root)
    with monkeypatch.context() as patch:
        stop_in(patch, choice, "joint_step")
        with pytest.raises(Interrupted):
            train(named, out)
    (root / "train/ann").rename(root / "train/zed")
    with pytest.raises(DataError, match=r"people\.json: .*: 1 identity renamed: ann is now called zed\. "):
        train(named, out, resume=True)
    RunFolder(out).people.unlink()  # the teacher knows by itself
    with pytest.raises(TeacherError, match=r"other people .*: it does not know zed; 1 of those that it knows are not"):
        train(named, out, resume=True)
    RunFolder(out).people.unlink()
    (root / "train/zed").rename(root / "train/ann")

    with monkeypatch.context() as patch:
        stop_in(patch, choice, "joint_step")
        with pytest.raises(Interrupted):
            train(named, out, resume=True)  # and keeps a list of people again
    picture = next((root / "train/bob").iterdir())
    aside = picture.rename(tmp_path / "aside.jpg")
    with pytest.raises(DataError, match=r"1 identity with another number of images: bob \(5, not 6\)"):
        train(named, out, resume=True)
    aside.rename(picture)
    root.rename(tmp_path / "elsewhere")  # a folder that has moved holds the same people
    there = replace(named, data=replace(named.data, root=str(tmp_path / "elsewhere")))
    assert train(there, out, resume=True) is not None


def test_case_05_a_teacher_of_as_many_other_people_is_refused(named: RunConfig, tmp_path: Path) -> None:
    train(replace(named, joint=False), tmp_path / "first")
    given = RunFolder(tmp_path / "first").teacher
    root = Path(named.data.root)
    (root / "train/ann").rename(root / "train/zed")
    told = replace(named, teacher=replace(named.teacher, weights=str(given)))
    with pytest.raises(TeacherError, match=r"teacher\.safetensors was trained on other people .* it does not know zed"):
        train(told, tmp_path / "second")


def test_case_16_one_camera_is_told_before_anything_is_trained(
    named: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = in_folders(market, tmp_path / "alone", camera="c1")
    alone = replace(named, data=replace(named.data, root=str(root)))
    with monkeypatch.context() as patch:
        stop_in(patch, teacher, "nesterov")
        with pytest.raises(DataError, match=r"every query and gallery image is by camera 1, .*--data\.patt"):
            train(alone, tmp_path / "run")
        assert not (tmp_path / "run").exists()
        unknown = replace(alone, data=replace(alone.data, pattern="^(?P<pid>[^/]+)/"))  # the advice, taken
        with pytest.raises(Interrupted):
            train(unknown, tmp_path / "run")


def test_case_17_one_camera_without_a_split(
    named: RunConfig, make_market: Callable[[int], Path], tmp_path: Path
) -> None:
    root = in_folders(make_market(4), tmp_path / "alone", camera="c1") / "train"
    with pytest.raises(DataError, match=r"no queries: every image is by camera 1, so nobody can be held out"):
        train(replace(named, data=replace(named.data, root=str(root))), tmp_path / "run")


def test_true_swaps_that_are_missing_are_told_before_anything_is_trained(
    config: RunConfig, market: Path, tmp_path: Path
) -> None:
    """They are needed only at the end, when swaps are measured against them."""
    root = tmp_path / "data"
    shutil.copytree(market, root)
    (root / "swap_targets.csv").write_text("appearance,structure,target\nquery/a.jpg,query/b.jpg,swap_targets/c.png\n")
    with pytest.raises(SwapTargetsError, match=r"swap_targets\.csv, line 2: appearance image .*a\.jpg is missing"):
        train(replace(config, data=replace(config.data, root=str(root))), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE says 2 processes, but RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT are"),
        ({"RANK": "1"}, "RANK: found '1', must be a whole number, 0 (WORLD_SIZE is not set)"),
    ],
)
def test_case_24_the_command_says_it_in_one_line(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dgnet", "train", "mannequin"],
        cwd=tmp_path,
        env={**os.environ, **variables},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"dgnet: {said}")
    assert "start with it (torchrun --nproc-per-node=2" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
