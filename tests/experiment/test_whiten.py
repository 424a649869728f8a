"""`dgnet whiten`: a model's features whitened by labelled people, written as a model like any other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dgnet
from dgnet import cli
from dgnet.config import RunConfig
from dgnet.experiment.training.start import _copy
from dgnet.export.onnx import feature_network
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, load_teacher, save_model, save_teacher
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.whitening import whitening


@pytest.mark.parametrize("part", ["model", "teacher"])
def test_a_whitened_model_is_used_like_any_other(
    part: str, run: Path, make_market: Callable[[int], Path], here: Path
) -> None:
    root = make_market(12)
    before = run / f"{part}.safetensors"
    told = {"re-id": "good", "on real people": "good", "on real people, by camera": "good", "licence": "free"}
    loaded = (load_model if part == "model" else load_teacher)(before)
    (save_model if part == "model" else save_teacher)(before, loaded.model, loaded.config, told)  # type: ignore[arg-type]
    cli.main(["whiten", str(before), f"market1501={root}", "--out", "white.safetensors", "--ridge", "0.001"])
    load = load_model if part == "model" else load_teacher
    old, new = load(before), load(here / "white.safetensors")
    assert "72 images of 12 people of market1501" in new.card["whitened by"]
    assert "whitened by market1501" in new.card["trained on"]
    assert new.card.keys() == {"licence", "whitened by", "trained on"}  # what was measured is no longer true
    images = sorted((root / "bounding_box_train").iterdir())
    pids = np.array([int(path.name[:4]) for path in images])
    unit = dgnet.load(before).features(images, part="prim" if part == "model" else "baseline")
    W = torch.from_numpy(whitening(unit, pids, 0.001)).float()
    x = torch.randn(2, 3, 64, 32)
    if part == "model":
        torch.testing.assert_close(new.model.features(x)[0], old.model.features(x)[0] @ W)
        torch.testing.assert_close(new.model.swap(x, x), old.model.swap(x, x))  # what draws is as it was
    else:
        torch.testing.assert_close(new.model.features(x), old.model.features(x) @ W)
        torch.testing.assert_close(new.model(x), old.model(x))  # it labels as before
    cli.main(["whiten", "white.safetensors", "--undo", "--out", "plain.safetensors"])
    plain = load(here / "plain.safetensors")
    assert "whitened by" not in plain.card
    for name, value in old.model.state_dict().items():
        assert torch.equal(plain.model.state_dict()[name], value), name
    assert plain.model.state_dict().keys() == old.model.state_dict().keys()


def test_what_cannot_be_whitened_is_told_before_anything_is_written(
    run: Path, market: Path, here: Path, refused: Callable[[list[str]], str]
) -> None:
    for number in range(60):
        place = here / "own" / f"{number}.jpg"
        place.parent.mkdir(exist_ok=True)
        os.link(next(market.rglob("*.jpg")), place)
    (here / "list.csv").write_text("\n".join(["path", *(f"own/{number}.jpg" for number in range(60))]))
    for words, message in [
        ([str(run), f"market1501={market}", "--out", "w.safetensors"], "24 images of 4 people"),
        ([str(run), f"market1501={market}", "--out", "w.pth"], "--out: w.pth"),
        ([str(run), f"market1501={market}", "--out", "w.safetensors", "--ridge", "0"], "--ridge: found 0.0"),
        ([str(run), "nowhere", "--out", "w.safetensors"], "nowhere"),
        ([str(run), "crops=own", "--out", "w.safetensors"], "DATA: nobody says who is on the images of crops=own"),
        ([str(run), "list.csv", "--out", "w.safetensors"], "DATA: nobody says who is on the images of list.csv"),
        (["nowhere", f"market1501={market}", "--out", "w.safetensors"], "nowhere: no such file or folder"),
        ([str(run), "--undo", "--out", "w.safetensors"], "are not whitened"),
        ([str(run), "--undo", "--out", "w.pth"], "--out: w.pth"),
    ]:
        assert message in refused(["whiten", *words])
    assert not list(here.glob("w.*"))


@pytest.mark.parametrize("name", ["model.safetensors", "teacher.safetensors"])
@pytest.mark.parametrize("as_folder", [True, False])
def test_a_runs_own_files_are_never_overwritten(
    name: str, as_folder: bool, run: Path, make_market: Callable[[int], Path], refused: Callable[[list[str]], str]
) -> None:
    own = run / name
    before = own.read_bytes()
    words = ["whiten", str(run if as_folder else own), f"market1501={make_market(12)}", "--out", str(own)]
    assert f"--out: {own} is one of the inputs" in refused(words)
    assert own.read_bytes() == before


def test_one_person_alone_tells_nothing() -> None:
    with pytest.raises(EvaluationError, match="found 60 images of one person alone"):
        whitening(np.ones((60, 3)), np.ones(60, dtype=np.int64), 0.1)


@pytest.mark.parametrize("words", [["people", "--undo"], []])
def test_either_people_or_undo_is_given(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["whiten", "bundled", *words, "--out", "w.safetensors"])
    assert stopped.value.code == 2
    assert "give DATA, labelled people to whiten by, or --undo, one of the two" in capsys.readouterr().err


def test_training_goes_on_without_it(config: RunConfig, run: Path, tmp_path: Path) -> None:
    """A joint training begun from a whitened model, and a student begun as a whitened teacher, learn f itself."""
    loaded, teacher = load_model(run / "model.safetensors"), load_teacher(run / "teacher.safetensors")
    encoder = loaded.model.appearance_encoder
    for head in (encoder.prim, encoder.fine, teacher.model.head):
        head.whitening = torch.eye(8) * 2
    save_model(tmp_path / "white.safetensors", loaded.model, config, {})
    again = load_model(tmp_path / "white.safetensors")
    x = torch.randn(2, 3, 64, 32)
    torch.testing.assert_close(again.model.features(x)[1], 2 * again.model.appearance_encoder(x).fine.feature)
    new = DGNet(config.network, 4).eval()
    _copy(again, new, ())
    assert new.appearance_encoder.prim.whitening is None
    torch.testing.assert_close(new.features(x)[0] * 2, again.model.features(x)[0])
    pooled = DGNet(replace(config.network, pool="mean"), 4)
    assert pooled.appearance_encoder.start_heads_from(teacher.model.head)
    assert pooled.appearance_encoder.prim.whitening is None


def test_exported_features_are_whitened(config: RunConfig, run: Path) -> None:
    model = load_model(run / "model.safetensors").model
    model.appearance_encoder.fine.whitening = torch.randn(8, 8)
    x = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(feature_network(model)(x)[1], model.features(x)[1], atol=1e-5, rtol=1e-5)
