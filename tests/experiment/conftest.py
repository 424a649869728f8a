"""Run folders made without training, working folders, commands that fail, ONNX files, results of an evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from dgnet import cli
from dgnet.config import RunConfig, to_dict
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model, save_teacher


@pytest.fixture
def run(config: RunConfig, tmp_path: Path) -> Path:
    """The folder of a run with untrained networks, whose running statistics are not the initial ones."""
    torch.manual_seed(0)
    model, teacher = DGNet(config.network, 4), Teacher(config.teacher.backbone, 8, 4)
    with torch.no_grad():
        for network in (model.appearance_encoder, teacher):
            for _ in range(20):
                network(torch.randn(8, 3, 64, 32))
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(to_dict(config)))
    save_model(folder / "model.safetensors", model, config, card={})
    save_teacher(folder / "teacher.safetensors", teacher, config, card={})
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a cache beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path.parent / "cache"))
    return tmp_path


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[[list[str]], str]:
    """Run a command that must fail, and give its message."""

    def run_and_fail(command: list[str]) -> str:
        with pytest.raises(SystemExit) as stopped:
            cli.main(command)
        assert stopped.value.code == 1
        shown = capsys.readouterr().err
        assert "Traceback" not in shown
        return shown

    return run_and_fail


@pytest.fixture
def onnx_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write an ONNX file: N x 3 x 64 x 32 -> the named outputs, each scale * x + shift of the pooled images."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "crops"))
    monkeypatch.chdir(tmp_path)

    def write(name: str = "ok.onnx", **outputs: tuple[float, float]) -> Path:
        make, kind = onnx.helper, onnx.TensorProto.FLOAT
        numbers = {"shape": np.array([0, -1], dtype=np.int64)}
        nodes = [
            make.make_node("AveragePool", ["images"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
            make.make_node("Reshape", ["pooled", "shape"], ["flat"]),
        ]
        for place, (output, (scale, shift)) in enumerate(outputs.items()):
            numbers |= {f"scale{place}": np.float32([scale]), f"shift{place}": np.float32([shift])}
            nodes.append(make.make_node("Mul", ["flat", f"scale{place}"], [f"scaled{place}"]))
            nodes.append(make.make_node("Add", [f"scaled{place}", f"shift{place}"], [output]))
        graph = make.make_graph(
            nodes,
            "features",
            [make.make_tensor_value_info("images", kind, ["N", 3, 64, 32])],
            [make.make_tensor_value_info(output, kind, ["N", 96]) for output in outputs],
            [onnx.numpy_helper.from_array(value, key) for key, value in numbers.items()],
        )
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
        return path

    return write


@pytest.fixture
def results_by_title() -> Callable[[Path], dict[str, Any]]:
    """Read the results in a folder, with rows named `FEATURE` or `FEATURE, PROTOCOL`."""

    def read(folder: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((folder / "results.json").read_text())
        if "retrieval" in found:
            found["retrieval"] = by_title(found["retrieval"])
        if "transfer" in found:
            found["transfer"] = {target: by_title(rows) for target, rows in found["transfer"].items()}
        return found

    return read


def by_title(rows: list[dict[str, Any]]) -> dict[str, Any]:
    titles = [", ".join(filter(None, (row.pop("feature"), row.pop("protocol")))) for row in rows]
    return dict(zip(titles, rows, strict=True))


def drawing_from(data: str, *more: str) -> list[str]:
    """The words of `dgnet generate dataset` by the small bundled model, on the CPU, from the data set NAME=DIR."""
    return ["generate", "dataset", "bundled-small", "--data", data, "--device", "cpu", *more]
