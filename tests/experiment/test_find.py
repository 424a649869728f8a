"""What the argument RUN may be, and the message for everything that it cannot be."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from dgnet import cli
from dgnet.config import RunConfig
from dgnet.data.people import People
from dgnet.experiment.models.find import find, find_model, find_network
from dgnet.files.outputs import OutputError
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.weights.bundled import BUNDLED, BUNDLED_SMALL
from dgnet.models.weights.ours import save_discriminator, save_model, save_teacher
from dgnet.training.checkpoint import save_checkpoint


@pytest.fixture
def here(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with runs and files of every kind."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    whole, alone, begun = (tmp_path / "runs" / name for name in ("whole", "alone", "begun"))
    for run in (whole, alone, begun):
        run.mkdir(parents=True)
        (run / "config.yaml").write_text("seed: 1")
    save_model(whole / "model.safetensors", DGNet(config.network, 4).eval(), config, {})
    for run in (whole, alone):
        save_teacher(run / "teacher.safetensors", Teacher(config.teacher.backbone, 8, 4).eval(), config, {})
    discriminator = Discriminator(config.network)
    save_discriminator(whole / "discriminator.safetensors", discriminator, config, {})
    save_checkpoint(whole / "checkpoints", 5, config, People((), ""), {"d": discriminator}, {})
    torch.save({"x": torch.ones(1)}, "resnet50.pth")
    np.savez("features.npz", features=np.ones((1, 2)))
    save_file({"x": torch.ones(1)}, "other.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((whole / "model.safetensors").read_bytes()[:99])
    (tmp_path / "model.onnx").write_text("")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_every_kind_of_run_is_found(here: Path) -> None:
    assert find("bundled").model == BUNDLED
    assert find("bundled-small").model == BUNDLED_SMALL
    whole = find("runs/whole")
    assert (whole.folder, whole.model) == (Path("runs/whole"), Path("runs/whole/model.safetensors"))
    assert whole.teacher == Path("runs/whole/teacher.safetensors")
    assert find(here / "runs" / "alone").model is None
    assert find("runs/whole/model.safetensors").model
    assert find("runs/whole/teacher.safetensors").teacher
    assert find("model.onnx").foreign == Path("model.onnx")
    assert isinstance(find_network("runs/alone").model, Teacher)
    assert isinstance(find_network("runs/whole").model, DGNet)
    assert isinstance(find_model("runs/whole").model, DGNet)


def test_a_folder_that_is_called_bundled_is_given_as_a_path(here: Path) -> None:
    (here / "runs" / "whole").rename(here / "bundled")
    assert find("bundled").model == BUNDLED
    for path in ("./bundled", Path("bundled"), str(here / "bundled"), "bundled/"):
        assert find(path).folder is not None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("", "found an empty name"),
        ("nowhere", "^nowhere: no such file or folder; give a run.s folder, a model.s file or `bundled`$"),
        ("runs/hole", r"^runs/hole: no such .*; did you mean runs/whole\?$"),
        ("bundeld", r"^bundeld: no such .*; did you mean bundled\?$"),
        ("bundled-samll", r"^bundled-samll: no such .*; did you mean bundled-small\?$"),
        ("runs/begun", r"no model\.safetensors here: the run has not come so far; go on with it \(--resume\)"),
        ("runs", "no model.safetensors here, but runs: give runs/alone, runs/begun, runs/whole$"),
        ("runs/whole/checkpoints", "a folder within a run: give the run's own, runs/whole"),
        ("empty", r"^empty: no model\.safetensors here; give a run's folder"),
        ("resnet50.pth", "weights of another program .*--network.backbone.weights; .*`dgnet import official`"),
        ("features.npz", "features or arrays .*`dgnet evaluate QUERY GALLERY`"),
        ("runs/whole/config.yaml", r"not a model \(the folder it lies in may be a run: runs/whole\)"),
        ("runs/whole/discriminator.safetensors", "found a discriminator, must be a run's folder"),
        ("runs/whole/checkpoints/step_0000005.safetensors", "a checkpoint, which only --resume reads"),
        ("other.safetensors", "safetensors of another program"),
        ("cut.safetensors", "truncated or damaged, or not a safetensors file"),
    ],
)
def test_what_is_no_run_is_named_with_what_would_do(run: str, message: str, here: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        find(run)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (
            "runs/alone",
            "no model.safetensors here, only a teacher, which cannot draw: finish the run with --resume; a",
        ),
        ("runs/whole/teacher.safetensors", "a teacher, which cannot draw; give the model that was trained with it"),
        ("model.onnx", "an ONNX file has features alone and cannot draw"),
    ],
)
def test_what_cannot_draw_is_told_from_what_can(run: str, message: str, here: Path) -> None:
    with pytest.raises(WeightsError, match=message):
        find_model(run)
    (here / "runs" / "alone" / "best.safetensors").touch()
    with pytest.raises(WeightsError, match=r"or give runs/alone/best\.safetensors, its best so far"):
        find_model("runs/alone")


def test_an_onnx_file_is_not_exported_again(here: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.onnx: an ONNX file already"):
        find_network("model.onnx")


@pytest.mark.parametrize(
    "words",
    [("train", "mannequin", "--start", "{}"), ("swap", "{}"), ("export", "onnx", "{}", "--out", "new.onnx")],
    ids=["train", "swap", "export"],
)
@pytest.mark.parametrize("run", ["nowhere", "empty", "resnet50.pth", "runs/begun"])
def test_every_command_reads_run_alike(
    words: tuple[str, ...], run: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WeightsError) as raised:
        find(run)
    logging.disable()
    try:
        with pytest.raises(SystemExit) as stopped:
            cli.main([word.format(run) for word in words])
    finally:
        logging.disable(logging.NOTSET)
    assert stopped.value.code == 1
    assert str(raised.value) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("m.pt", "--out: m.pt has the suffix .pt, must end in .onnx"),
        ("empty", "--out: empty is a folder"),
        ("resnet50.pth/m.onnx", "resnet50.pth is not a folder"),
    ],
)
def test_case_20_where_an_export_goes_is_checked_first(
    out: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["export", "onnx", "nowhere", "--out", out])
    assert message in capsys.readouterr().err


def test_case_20_an_import_never_writes_over_a_model(here: Path) -> None:
    from dgnet.models.weights.official import import_official

    for out, message in (("runs/whole", "is there already, and not written over"), ("resnet50.pth", "is a file")):
        with pytest.raises(OutputError, match=f"^--out: .*{message}"):
            import_official("gen.pt", "id.pt", out=out)
