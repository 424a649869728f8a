"""Torchvision's weights in dgnet's ResNet: what fits, what is ignored, and what the error names if it does not fit."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
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
    """A state dict as torchvision saves it, with the ImageNet classifier."""
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
        ({"state_dict": {}, "epoch": 3}, "found dict at 'state_dict', int at 'epoch', must be named tensors"),
        ({1: torch.ones(1)}, "found Tensor at 1, must be named tensors"),
        ({}, "found nothing, must be named tensors"),
        (
            {"state_dict": {"features.0.w": torch.ones(1)}},
            "none of its tensors has a name of this network's: its first is features.0.w, the network's conv1.weight",
        ),
    ],
)
def test_something_else_than_a_state_dict(tmp_path: Path, contents: object, message: str) -> None:
    torch.save(contents, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rf"a\.pth: {message}"):
        load_backbone(ResNet(TINY), tmp_path / "a.pth")


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


HEADS = {"classifier.0.weight": torch.ones(3), "bottleneck.weight": torch.ones(3), "head.fc.weight": torch.ones(3)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: prefixed("module.", state),
        lambda state: state | HEADS,
        lambda state: prefixed("backbone.", state) | HEADS,
        lambda state: prefixed("module.", prefixed("encoder.", state) | HEADS),
        *(
            lambda state, key=key: {"epoch": 3, key: state, "optimizer": {"state": {0: {"m": torch.ones(1)}}}}
            for key in ("state_dict", "model", "net", "model_state_dict", "network", "anything")
        ),
        lambda state: {"state_dict": prefixed("module.", state | HEADS), "best": np.float64(0.9), "epoch": np.int64(3)},
        lambda state: {"model": {"state_dict": state}, "args": Namespace(lr=0.1)},
        lambda state: {"state_dict": state, "ema": {name: tensor + 1 for name, tensor in state.items()}},
        lambda state: state | {"epoch": 3},
        lambda state: {"state_dict": state, "centres": {"conv1.weight": torch.ones(1)}},
    ],
)
def test_case_22_every_way_that_programs_save_a_backbone(
    wrap: Callable[[dict[str, Tensor]], dict[str, object]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = state_dict()
    torch.save(wrap(state), tmp_path / "a.pth")
    resnet = ResNet(TINY)
    with caplog.at_level(logging.INFO):
        load_backbone(resnet, tmp_path / "a.pth")
    assert_loaded(resnet, state)
    assert "left out, as no part of the backbone: " in caplog.text
    assert "fc.weight" in caplog.text


@pytest.mark.parametrize(
    ("contents", "places"),
    [
        (
            lambda state: prefixed("encoder_q.", state) | prefixed("encoder_k.", state),
            "encoder_q.* and encoder_k.*",
        ),
        (lambda state: {"student": state, "teacher": prefixed("module.", state)}, "student.* and teacher.module.*"),
    ],
)
def test_case_22_of_two_networks_none_is_guessed(
    contents: Callable[[dict[str, Tensor]], dict[str, object]], places: str, tmp_path: Path
) -> None:
    torch.save(contents(state_dict()), tmp_path / "a.pth")
    with pytest.raises(WeightsError) as raised:
        load_backbone(ResNet(TINY), tmp_path / "a.pth")
    found = str(raised.value)
    assert "holds several networks that fit, " in found
    assert all(place in found for place in places.split(" and "))


def test_case_22_a_message_names_five_tensors_and_counts_the_rest(tmp_path: Path) -> None:
    deeper = ResNet(BackboneConfig(layers=(2, 2, 2, 2), width=8))
    torch.save(prefixed("module.", deeper.state_dict()), tmp_path / "a.pth")
    with pytest.raises(WeightsError) as raised:
        load_backbone(ResNet(TINY), tmp_path / "a.pth")
    message = str(raised.value)
    assert "72 unknown: layer1.1.conv1.weight, layer1.1.bn1.weight, " in message
    assert message.endswith("layer1.1.bn1.running_mean, layer1.1.bn1.running_var and 67 more")
    assert "\x1b" not in message
