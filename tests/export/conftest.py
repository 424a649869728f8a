"""A small model of dgnet's own, and a file of another program's that gives an image's channel means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet.config import RunConfig
from dgnet.export import engine, onnx, tracker
from dgnet.export.onnx import onnx_bytes
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 64, 32, 3), dtype=np.uint8)


def stir_up(network: torch.nn.Module) -> torch.nn.Module:
    """Put the network in eval mode, with running statistics other than the initial ones."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture
def stir() -> Callable[[torch.nn.Module], torch.nn.Module]:
    return stir_up


@pytest.fixture
def stirred(config: RunConfig) -> DGNet:
    """A network in eval mode, with running statistics other than the initial ones."""
    torch.manual_seed(0)
    network = DGNet(config.network, 4)
    stir_up(network)
    return network


@pytest.fixture
def model_file(stirred: DGNet, config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "model.safetensors"
    save_model(path, stirred, config, {})
    return path


_converted: dict[tuple[str, object], bytes] = {}  # of this process: a conversion takes seconds


@pytest.fixture
def converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real conversion, made once for each network and form of a file."""

    def once(network: torch.nn.Module, example: torch.Tensor, names: object, facts: object, **more: object) -> bytes:
        tensors = [tensor.double().sum().item() for tensor in network.state_dict().values()]
        key = (
            str(network),
            (tensors.__repr__(), example.shape, example.dtype, str(facts), str(more), getattr(network, "part", "")),
        )
        if key not in _converted:
            _converted[key] = onnx_bytes(network, example, names, facts, **more)  # type: ignore[arg-type]
        return _converted[key]

    for module in (onnx, engine, tracker):
        monkeypatch.setattr(module, "onnx_bytes", once)


@pytest.fixture
def write_openvino() -> Callable[[Path], Path]:
    """Writes NAME.xml and NAME.bin of one fixed shape, as Intel's models are: an image's channel means, 1 x 3."""
    openvino = pytest.importorskip("openvino", reason="pip install openvino, to run files of its form")

    def write(path: Path) -> Path:
        from openvino import opset13

        images = opset13.parameter([1, 3, 16, 8], np.float32, name="data")
        means = opset13.reduce_mean(images, np.array([2, 3], np.int64), keep_dims=False)
        means.output(0).set_names({"reid_embedding"})
        openvino.save_model(openvino.Model([means], [images], "means"), str(path), compress_to_fp16=False)
        return path

    return write
