"""ResNet: torchvision's tensor names, the number of parameters, and the last stride."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dgnet.config import BackboneConfig
from dgnet.models.backbones.resnet import ResNet


def num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def torchvision_names(layers: tuple[int, ...], num_convolutions: int) -> set[str]:
    """The names in torchvision's ResNet state dicts, without `fc`, made by rule."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight"} | {f"bn1.{leaf}" for leaf in norm}
    for stage, depth in enumerate(layers, start=1):
        for block in range(depth):
            for k in range(1, num_convolutions + 1):
                names |= {f"layer{stage}.{block}.conv{k}.weight"}
                names |= {f"layer{stage}.{block}.bn{k}.{leaf}" for leaf in norm}
            if block == 0 and (stage > 1 or num_convolutions == 3):
                names |= {f"layer{stage}.0.downsample.0.weight"}
                names |= {f"layer{stage}.0.downsample.1.{leaf}" for leaf in norm}
    return names


@pytest.mark.parametrize(
    ("config", "num_convolutions", "num_tensors", "num_millions"),
    [
        (BackboneConfig(), 3, 318, 23.51),  # ResNet-50
        (BackboneConfig(bottleneck=False, layers=(2, 2, 2, 2)), 2, 120, 11.18),  # ResNet-18
    ],
)
def test_torchvision_names(
    config: BackboneConfig, num_convolutions: int, num_tensors: int, num_millions: float
) -> None:
    with torch.device("meta"):
        resnet = ResNet(config)
    assert set(resnet.state_dict()) == torchvision_names(config.layers, num_convolutions)
    assert len(resnet.state_dict()) == num_tensors
    assert round(num_parameters(resnet) / 1e6, 2) == num_millions


@pytest.mark.parametrize(("last_stride", "size"), [(1, (16, 8)), (2, (8, 4))])
def test_last_stride(last_stride: int, size: tuple[int, int]) -> None:
    with torch.device("meta"):
        resnet = ResNet(BackboneConfig(last_stride=last_stride))  # type: ignore[arg-type]
        x = torch.empty(1, 3, 256, 128)
    assert resnet(x).shape == (1, 2048, *size)
    assert resnet.channels == 2048
