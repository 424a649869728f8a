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
from dgnet.data.people import people_of
from dgnet.experiment.data import read_one
from dgnet.experiment.figures.inputs import read_data
from dgnet.experiment.own_data import as_trained, read_as_trained
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


def note(folder: RunFolder, data: DataConfig) -> None:
    """Write that the run was trained on this data."""
    folder.config.write_text(yaml.safe_dump(to_dict(replace(folder.load_config(), data=data))))
    dataset = read_one(data)
    folder.people.write_text(people_of([dataset], dataset, [b""] * len(dataset.train)).to_json())


@pytest.fixture
def trained(run: Path, people: Path) -> Path:
    """A run whose settings say that it was trained on eleven of the people."""
    folder = RunFolder(run)
    config = folder.load_config()
    data = DataConfig("folder", str(people), config.data.size, num_test_ids=1, pattern="")
    note(folder, data)
    return run


def test_those_who_were_trained_on_are_taken(trained: Path, people: Path, here: Path) -> None:
    """Of a folder that was not the run's, half of the people are held out."""
    for data, given, num in (
        (f"folder={people}", "bundled", 6),
        (f"folder={people}", trained, 11),
        (str(people), trained, 11),
        (str(people), trained / "model.safetensors", 11),
    ):
        assert len(read_data(data, given).labels()) == num, (data, given)
    here.joinpath("linked").symlink_to(people)
    assert as_trained(trained, DataConfig("auto", "linked"))[0].num_test_ids == 1
    for given, data in ((trained, DataConfig("manifest", "linked")), ("bundled", DataConfig("auto", "linked"))):
        assert as_trained(given, data) == (data, frozenset())


def test_commands_that_take_a_run_and_its_people(trained: Path, people: Path, here: Path) -> None:
    cli.main(["generate", "dataset", str(trained), "--data", f"folder={people}", "--count", "60", "--out", "drawn"])
    assert len({path.name[:4] for path in (here / "drawn").rglob("*.jpg")}) == 11
    cli.main(["whiten", str(trained), str(people), "--out", "white.safetensors"])
    assert "66 images of 11 people" in load_model(here / "white.safetensors").card["whitened by"]


def test_a_folder_with_a_teacher_alone_has_no_data_of_its_own(trained: Path, people: Path) -> None:
    for name in ("config.yaml", "people.json", "model.safetensors"):
        (trained / name).unlink()
    assert as_trained(trained, DataConfig("auto", str(people))) == (DataConfig("auto", str(people)), frozenset())


def test_a_model_beside_another_programs_settings_has_no_data_of_its_own(trained: Path, people: Path) -> None:
    (trained / "people.json").unlink()
    (trained / "config.yaml").write_text("model: a net\n")
    data = DataConfig("auto", str(people))
    assert as_trained(trained / "model.safetensors", data) == (data, frozenset())


@pytest.fixture
def named(people: Path, run: Path, trained: Path) -> Path:
    """The same run, of people who have names, of whom it was trained on all but two."""
    for place in sorted(people.iterdir()):
        place.rename(people / f"person_b{place.name[-2:]}")
    folder = RunFolder(trained)
    note(folder, replace(folder.load_config().data, num_test_ids=2))
    return trained


def test_people_added_since_do_not_turn_those_who_were_trained_on_into_a_test(named: Path, people: Path) -> None:
    held_out = held_out_of(named, people)
    assert len(held_out) == 2
    add(people, "a")
    assert held_out_of(named, people) == held_out  # whatever the order of names
    for letter in "cdefghijklm":  # one of them comes before the two, whom a model may still be tested on
        add(people, letter)
    _, trained_on = as_trained(named, DataConfig("folder", str(people), num_test_ids=2))
    assert len(trained_on) == 10
    assert not held_out_of(named, people) & trained_on


def test_nobody_who_was_trained_on_is_a_test_where_more_people_are_held_out(named: Path, people: Path) -> None:
    settings, trained_on = as_trained(named, DataConfig("folder", str(people)))
    everyone = read_one(replace(settings, num_test_ids=100))
    assert {everyone.called(record.pid) for record in everyone.query} & trained_on
    dataset = read_one(replace(settings, num_test_ids=100), trained_on)
    assert {dataset.called(record.pid) for record in dataset.query} == held_out_of(named, people)


def test_a_run_is_not_measured_on_whom_it_was_trained_on(
    named: Path, people: Path, here: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """By its own settings, and by direct transfer to the same folder."""
    folder = RunFolder(named)
    config = folder.load_config()
    folder.config.write_text(yaml.safe_dump(to_dict(replace(config, data=replace(config.data, num_test_ids=6)))))
    with caplog.at_level("INFO"):
        cli.main(["evaluate", str(named), "--device", "cpu", "--out", "own"])
        cli.main(["evaluate", str(named), "--device", "cpu", "--to", f"folder={people}", "--out", "to"])
    said = [record.getMessage() for record in caplog.records if "held out as the test" in record.getMessage()]
    assert said == ["folder: 2 identities are held out as the test"] * 2
    with pytest.raises(SystemExit):
        cli.main(["evaluate", str(named), "--to", f"folder={people}", "--query", "first", "--out", "first"])
    assert f"{named} was trained on people of {people}" in capsys.readouterr().err


def held_out_of(run: Path, people: Path) -> set[str]:
    """The names of those who are held out of the folder for the run."""
    dataset = read_as_trained(run, DataConfig("folder", str(people)))
    return {dataset.called(record.pid) for record in dataset.query}


def add(people: Path, letter: str) -> None:
    """One more person, whose name begins `person_` and the letter."""
    one = sorted(people.iterdir())[-1]
    place = people / f"person_{letter}00"
    place.mkdir()
    for image in one.iterdir():
        os.link(image, place / image.name)
