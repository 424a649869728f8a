"""Our own model through another engine: torch's features, converted once, made again where the kept file is broken."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

import dgnet
from dgnet.config import RunConfig
from dgnet.experiment.models.model import ModelError
from dgnet.export import engine as module
from dgnet.export.file_model import ExportError
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model

pytestmark = pytest.mark.usefixtures("converted_once")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


def test_features_are_torchs_and_the_file_is_made_once(
    model_file: Path, images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, made = dgnet.load(model_file, "cpu"), dgnet.load(model_file, engine="onnxruntime")
    assert (ours.engine, made.engine, made.parts, made.can_draw) == ("torch", "onnxruntime", ours.parts, True)
    assert "by onnxruntime" in repr(made)
    for part in ours.parts:
        np.testing.assert_allclose(made.features(images, part=part), ours.features(images, part=part), atol=1e-4)
    assert np.array_equal(made.swap(images[:1], images[1:2]), ours.swap(images[:1], images[1:2]))
    (kept,) = (tmp_path / "cache" / "engines").iterdir()
    before = kept.read_bytes()

    kept.write_bytes(before[:1000])  # cut short: it is made again
    assert np.abs(dgnet.load(model_file, engine="onnxruntime").features(images) - ours.features(images)).max() < 1e-4
    assert len(kept.read_bytes()) == len(before)
    monkeypatch.setattr(module, "onnx_bytes", None)  # from now on nothing can be converted
    assert dgnet.load(model_file, engine="onnxruntime").engine == "onnxruntime"


def test_other_weights_are_another_file(model_file: Path, stirred: DGNet, config: RunConfig, tmp_path: Path) -> None:
    dgnet.load(model_file, engine="onnxruntime")
    with torch.no_grad():
        stirred.appearance_encoder.prim.embed.bias[0] += 1
    save_model(model_file, stirred, config, {})
    dgnet.load(model_file, engine="onnxruntime")
    assert len(list((tmp_path / "cache" / "engines").iterdir())) == 2


def test_an_engine_that_computes_something_else_is_refused(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = module.onnx_bytes

    def wrong(network: torch.nn.Module, *arguments: object, **named: object) -> bytes:
        changed = copy.deepcopy(network)
        with torch.no_grad():
            changed.heads[0][0].weight[0] += 1  # type: ignore[index, union-attr, operator]
        return convert(changed, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "onnx_bytes", wrong)
    with pytest.raises(ExportError, match=r"onnxruntime computes other features than torch: 'prim' has cosine"):
        dgnet.load(model_file, engine="onnxruntime")
    assert not (tmp_path / "cache" / "engines").exists()


def test_what_does_not_go_together_is_said(model_file: Path) -> None:
    with pytest.raises(
        ExportError, match="engine: found 'tensorrt', must be one of auto, torch, onnxruntime, openvino"
    ):
        dgnet.load(model_file, engine="tensorrt")
    with pytest.raises(ModelError, match=r"input: .*model.safetensors has one of its own; leave it out"):
        dgnet.load(model_file, input="unit")
    made = dgnet.load(model_file, engine="onnxruntime")
    with pytest.raises(dgnet.DgnetError, match=r"no CUDA device|runs on the CPU"):
        made.to("cuda:0")
