"""Torchvision's weights into our ResNet: what fits, what is ignored, and what is named when it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from dgnet.config import BackboneConfig
from dgnet.files.tensors import WeightsError
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.weights.foreign import load_backbone

TINY = BackboneConfig(layers=(1, 1, 1, 1), width=8)


def state_dict(seed: int = 0) -> dict[str, Tensor]:
    """As torchvision would save it: with the ImageNet classifier."""
    torch.manual_seed(seed)
    state = {
        name: torch.rand_like(tensor.float()).to(tensor.dtype) for name, tensor in ResNet(TINY).state_dict().items()
    }
    return state | {"fc.weight": torch.rand(1000, 256), "fc.bias": torch.rand(1000)}


def assert_loaded(resnet: ResNet, state: dict[str, Tensor]) -> None:
    for name, tensor in resnet.state_dict().items():
        if name in state:
            assert torch.equal(tensor, state[name].to(tensor.dtype)), name


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "half"])
def test_every_form_of_file_loads(tmp_path: Path, form: str) -> None:
    state = state_dict()
    path = tmp_path / ("resnet.safetensors" if form == "safetensors" else "resnet.pth")
    if form == "half":
        state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form != "legacy")
    resnet = ResNet(TINY)
    load_backbone(resnet, path)
    assert_loaded(resnet, state)
    assert all(tensor.dtype == torch.float32 for tensor in resnet.parameters())


def test_files_older_than_batch_counters_load(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in state_dict().items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "old.pth")
    resnet = ResNet(TINY)
    load_backbone(resnet, tmp_path / "old.pth")
    assert_loaded(resnet, state)


def test_the_same_weights_serve_either_last_stride(tmp_path: Path) -> None:
    torch.save(state_dict(), tmp_path / "a.pth")
    for last_stride in (1, 2):
        resnet = ResNet(BackboneConfig(layers=(1, 1, 1, 1), width=8, last_stride=last_stride))  # type: ignore[arg-type]
        load_backbone(resnet, tmp_path / "a.pth")
        assert_loaded(resnet, state_dict())


def test_what_does_not_fit_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    state = state_dict()
    del state["layer2.0.conv1.weight"], state["bn1.running_var"]
    state["layer1.7.conv1.weight"] = torch.zeros(1)
    state["conv1.weight"] = torch.zeros(64, 3, 7, 7)
    state["bn1.bias"] = torch.zeros(8, dtype=torch.int64)
    torch.save(state, tmp_path / "a.pth")
    resnet = ResNet(TINY)
    before = {name: tensor.clone() for name, tensor in resnet.state_dict().items()}
    with pytest.raises(WeightsError) as raised:
        load_backbone(resnet, tmp_path / "a.pth")
    assert str(raised.value) == (
        f"{tmp_path / 'a.pth'}: its tensors do not fit the network; "
        "2 missing: bn1.running_var, layer2.0.conv1.weight; "
        "1 unknown: layer1.7.conv1.weight; "
        "2 of another shape: conv1.weight (found 64x3x7x7, must be 8x3x7x7), bn1.bias (found 8 of int64, must be 8)"
    )
    assert_loaded(resnet, before)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([torch.ones(1)], "found a list, must be named tensors"),
        ({"state_dict": {"x": torch.ones(1)}, "epoch": 3}, "found a dict at 'state_dict'"),
        ({1: torch.ones(1)}, "found a Tensor at 1"),
    ],
)
def test_something_else_than_a_state_dict(tmp_path: Path, contents: object, message: str) -> None:
    torch.save(contents, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rf"a\.pth: {message}"):
        load_backbone(ResNet(TINY), tmp_path / "a.pth")
