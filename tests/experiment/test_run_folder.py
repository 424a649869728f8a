"""The run folder: its names, what it refuses before any work, and what it keeps of a run."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from dgnet.config import ConfigError, RunConfig
from dgnet.data.people import Group, Identity, People
from dgnet.data.records import DataError
from dgnet.errors import DgnetError
from dgnet.experiment.run_folder import ADAPT, RunFolder
from dgnet.experiment.train import train
from dgnet.experiment.training.checks import check_teacher_file
from dgnet.files.outputs import OutputError
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model
from dgnet.training.checkpoint import CheckpointError

PEOPLE = People((Group("folder", (Identity("ann", 2, "00"), Identity("bob", 2, "01"))),), "ff")


def test_every_name_is_the_one_that_runs_have_had(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    names = {name: getattr(folder, name) for name, item in vars(RunFolder).items() if isinstance(item, property)}
    assert [item.name for item in fields(folder)] == ["path"]
    assert {name: path.name for name, path in names.items() if isinstance(path, Path)} == {
        "config": "config.yaml",
        "people": "people.json",
        "log": "log.jsonl",
        "teacher_checkpoints": "teacher",
        "checkpoints": "checkpoints",
        "samples": "samples",
        "teacher": "teacher.safetensors",
        "model": "model.safetensors",
        "best": "best.safetensors",
        "results": "results.json",
        "tables": "tables",
        "page": "report.html",
        "adaptation": "adaptation.html",
        "adaptation_results": "adaptation.json",
    }
    assert folder.sample(40) == tmp_path / "samples/0000040.jpg"


def test_a_run_is_begun_and_gone_on_with(config: RunConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs/one")
    folder.check(resume=False)
    assert not folder.path.parent.exists()  # checking makes nothing
    folder.prepare(config, PEOPLE)
    assert folder.load_config() == config
    with pytest.raises(ConfigError, match="a run lies here already; continue it with --resume"):
        folder.check(resume=False)
    folder.check(resume=True)
    folder.prepare(replace(config, log_every=7), PEOPLE)
    assert folder.load_config() == config  # what it began with


def test_other_settings_are_refused_before_there_is_a_checkpoint(config: RunConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.prepare(config, PEOPLE)
    with pytest.raises(
        CheckpointError, match=r"config\.yaml: was written by a run with other settings \(seed: 0 then, 1"
    ):
        folder.prepare(replace(config, seed=1), PEOPLE)
    with pytest.raises(ConfigError, match="a run of `dgnet train` lies here; choose another --out"):
        folder.prepare(replace(config, preset=ADAPT), PEOPLE)
    folder.config.write_text("")
    with pytest.raises(ConfigError, match=r"config\.yaml: not a configuration"):
        folder.prepare(config, PEOPLE)
    assert folder.config.read_text() == ""


def test_a_run_does_not_lie_among_the_people_it_is_trained_on(config: RunConfig, tmp_path: Path) -> None:
    for data in (
        replace(config.data, name="folder", root=str(tmp_path)),
        replace(config.data, also=(f"folder={tmp_path}",)),
    ):
        with pytest.raises(OutputError, match=r"--out: .*run lies in data\.root"):
            train(replace(config, data=data), tmp_path / "runs/run")
    assert not (tmp_path / "runs").exists()


def test_a_run_that_is_refused_leaves_nothing(config: RunConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.prepare(config, PEOPLE)
    folder.forget()
    assert not folder.path.exists()
    folder.prepare(config, PEOPLE)
    (folder.path / "notes.txt").touch()
    folder.forget()
    assert [path.name for path in folder.path.iterdir()] == ["notes.txt"]


def test_case_05_a_run_of_other_people_is_refused(config: RunConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.prepare(config, PEOPLE)
    other = replace(PEOPLE, groups=(Group("folder", (Identity("bob", 2, "01"), Identity("zed", 2, "00"))),))
    with pytest.raises(DataError, match=r"people\.json: .* 1 identity renamed: ann is now called zed"):
        folder.prepare(config, other)
    folder.people.unlink()  # an older run has none: from now on it has
    folder.prepare(config, other)
    assert People.from_json(folder.people.read_text()) == other


@pytest.mark.parametrize("name", ["model.safetensors", "results.json", "checkpoints", "teacher.safetensors", "tables"])
@pytest.mark.parametrize("resume", [False, True])
def test_what_is_no_run_is_not_taken_for_one_and_not_written_over(tmp_path: Path, name: str, resume: bool) -> None:
    """For example imported files: training skips a folder that holds a finished model, and would have skipped them."""
    (tmp_path / name).write_bytes(b"theirs")
    with pytest.raises(ConfigError, match=rf"not a run .*{name}.*Nothing is overwritten"):
        RunFolder(tmp_path).check(resume)
    assert (tmp_path / name).read_bytes() == b"theirs"


def test_an_output_that_cannot_be_a_folder_is_known_before_the_data_are_opened(
    config: RunConfig, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    nowhere = replace(config, data=replace(config.data, root=str(tmp_path / "nowhere")))
    for out in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(DgnetError, match=r"--out: .*file"):
            train(nowhere, out)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_teacher_that_is_not_there_is_known_before_too(config: RunConfig, tmp_path: Path) -> None:
    told = replace(config, teacher=replace(config.teacher, weights=str(tmp_path / "lost.safetensors")))
    with pytest.raises(ConfigError, match=r"teacher\.weights: .*lost\.safetensors: no such file"):
        check_teacher_file(told, RunFolder(tmp_path))
    (tmp_path / "teacher.safetensors").touch()  # a run that has its copy needs the original no more
    check_teacher_file(told, RunFolder(tmp_path))


def test_settings_of_imported_files_are_those_of_their_model(config: RunConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(ConfigError, match=r"no config\.yaml here"):
        folder.load_config()
    save_model(folder.model, DGNet(config.network, 2), config, card={})
    assert folder.load_config().network == config.network
    folder.config.write_text("- a list")
    with pytest.raises(ConfigError, match="not a configuration"):
        folder.load_config()
