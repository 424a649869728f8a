"""A folder to run the documents' commands in: it has the files and folders that they name, small enough for a test."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.config import RunConfig
from dgnet.experiment.train import train

NUM_TRAIN, NUM_TEST, CAMERAS, EACH = 4, 6, (1, 2), 3


def draw(path: Path, pid: int, camid: int, index: int) -> None:
    """A 64 x 32 picture of two coloured blocks, by identity, on a background by camera."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shirt, trousers = np.random.default_rng(pid).integers(20, 235, (2, 3))
    pixels = np.random.default_rng((pid, camid, index)).normal(60 + 40 * camid, 6, (64, 32, 3))
    pixels[14:36, 8:24], pixels[36:60, 10:22] = shirt, trousers
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=95)


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small data set in the layout of each name that the documents use."""
    market, msmt = tmp_path_factory.mktemp("market"), tmp_path_factory.mktemp("msmt")
    lists: dict[str, list[str]] = {"train": [], "val": [], "query": [], "gallery": []}
    for pid in range(1, NUM_TRAIN + NUM_TEST + 1):
        for camid in CAMERAS:
            for index in range(EACH):
                training, asked = pid <= NUM_TRAIN, index == 0
                split = "bounding_box_train" if training else "query" if asked else "bounding_box_test"
                draw(market / split / f"{pid:04d}_c{camid}s1_{index:06d}_01.jpg", pid, camid, index)
                name = f"{pid:04d}/{pid:04d}_{index:03d}_{camid:02d}_0303morning_0008_0.jpg"
                draw(msmt / ("train" if training else "test") / name, pid, camid, index)
                part = ("val" if pid == NUM_TRAIN else "train") if training else "query" if asked else "gallery"
                lists[part].append(f"{name} {pid}")
    for split, lines in lists.items():
        (msmt / f"list_{split}.txt").write_text("".join(f"{line}\n" for line in lines))
    return {"market1501": market, "msmt17": msmt}


_finished: dict[str, Path] = {}  # of this process: the run is made once


@pytest.fixture
def finished(config: RunConfig, trees: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained to its end."""
    if "run" not in _finished:
        folder = tmp_path_factory.mktemp("finished")
        data = replace(config.data, root=str(trees["market1501"]), cache=str(folder / "cache"))
        train(replace(config, data=data), folder / "run")
        _finished["run"] = folder / "run"
    return _finished["run"]


@pytest.fixture
def place(finished: Path, trees: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Work in a new folder with what the documents name; gives the variables that their Python blocks use, by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    for run in ("mine", "demo", "market1501"):
        shutil.copytree(finished, tmp_path / "runs" / run)
    for number, name in enumerate(("my_photos/a.jpg", "my_photos/b.jpg", "them.jpg")):
        draw(tmp_path / name, number, 1, 0)
    rng = np.random.default_rng(0)
    pids, camids = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    features = rng.normal(size=(32, 16)).astype(np.float32) + 2 * rng.normal(size=(8, 16)).astype(np.float32)[pids]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    sides: dict[str, object] = {}
    for side, chosen in (("query", camids == 0), ("gallery", camids > 0)):
        arrays = {"features": features[chosen], "pids": pids[chosen], "camids": camids[chosen]}
        np.savez(tmp_path / f"{side}.npz", allow_pickle=False, **arrays)
        sides |= {f"{side}_{name}": array for name, array in arrays.items()}
    photographs = sorted((tmp_path / "my_photos").iterdir())
    return {**sides, "paths": photographs, "a": photographs[0], "b": photographs[1]}
