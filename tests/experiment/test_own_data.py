"""A folder without a split is split for a run as it was when the run was trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dgnet import cli
from dgnet.config import DataConfig, to_dict
from dgnet.experiment.figures.inputs import read_data
from dgnet.experiment.own_data import as_trained
from dgnet.experiment.run_folder import RunFolder
from dgnet.models.weights.ours import load_model


@pytest.fixture
def people(make_market: Callable[[int], Path], tmp_path: Path) -> Path:
    """A folder per person: twelve people, six images each."""
    for image in sorted((make_market(12) / "bounding_box_train").iterdir()):
        place = tmp_path / "people" / image.name[:4]
        place.mkdir(parents=True, exist_ok=True)
        os.link(image, place / image.name)
    return tmp_path / "people"


@pytest.fixture
def trained(run: Path, people: Path) -> Path:
    """A run whose settings say that it was trained on eleven of the people."""
    folder = RunFolder(run)
    config = folder.load_config()
    data = DataConfig("folder", str(people), config.data.size, num_test_ids=1, pattern="")
    folder.config.write_text(yaml.safe_dump(to_dict(replace(config, data=data))))
    return run


def test_those_who_were_trained_on_are_taken(trained: Path, people: Path, here: Path) -> None:
    """Of a folder that was not the run's, half of the people are held out."""
    for data, given, num in (
        (f"folder={people}", "bundled", 6),
        (f"folder={people}", trained, 11),
        (str(people), trained, 11),
        (str(people), trained / "model.safetensors", 6),
    ):
        assert len(read_data(data, given).labels()) == num, (data, given)
    here.joinpath("linked").symlink_to(people)
    assert as_trained(trained, DataConfig("auto", "linked")).num_test_ids == 1
    assert as_trained(trained, DataConfig("manifest", "linked")) == DataConfig("manifest", "linked")
    assert as_trained("bundled", DataConfig("auto", "linked")) == DataConfig("auto", "linked")


def test_commands_that_take_a_run_and_its_people(trained: Path, people: Path, here: Path) -> None:
    cli.main(["generate", "dataset", str(trained), "--data", f"folder={people}", "--count", "60", "--out", "drawn"])
    assert len({path.name[:4] for path in (here / "drawn").rglob("*.jpg")}) == 11
    cli.main(["whiten", str(trained), str(people), "--out", "white.safetensors"])
    assert "66 images of 11 people" in load_model(here / "white.safetensors").card["whitened by"]


def test_a_folder_with_a_teacher_alone_has_no_data_of_its_own(trained: Path, people: Path) -> None:
    for name in ("config.yaml", "model.safetensors"):
        (trained / name).unlink()
    assert as_trained(trained, DataConfig("auto", str(people))) == DataConfig("auto", str(people))
