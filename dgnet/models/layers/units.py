"""Convolution units, AdaIN and the layer norm that the encoders, the decoder and the discriminator are built of."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.layers.norms import standardise

Module = TypeVar("Module", bound=nn.Module)

NEGATIVE_SLOPE = 0.2


class ConvUnit(nn.Module):
    """Reflection pad, convolution with bias, norm, LeakyReLU(0.2): `conv` of docs/method.md's tables.

    Args:
        in_channels, out_channels: of the convolution.
        kernel: side of its square kernel; the padding keeps the map's size at stride 1.
        stride, dilation: of the convolution.
        norm: `instance`, `layer` or `none`.
        activate: end with LeakyReLU(0.2).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        norm: str = "none",
        activate: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, dilation=dilation)
        self.padding = dilation * (kernel // 2)
        self.norm: nn.Module = nn.Identity()
        if norm == "instance":
            self.norm = InstanceNorm()
        elif norm == "layer":
            self.norm = MapLayerNorm(out_channels)
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(pad(x, self.padding, "reflect") if self.padding else x))
        return leaky_relu_(x) if self.activate else x


class ResidualBlock(nn.Module):
    """x + unit(unit(x)), the second unit without activation."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.first = ConvUnit(channels, channels, 3, norm=norm)
        self.second = ConvUnit(channels, channels, 3, norm=norm, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


def pad(x: Tensor, amount: int, mode: str) -> Tensor:
    """Pad all four sides in x's own precision; under autocast a CPU would pad in float32 and keep that copy."""
    if x.dtype == torch.float32:
        return F.pad(x, (amount,) * 4, mode=mode)
    with torch.autocast(x.device.type, enabled=False):
        return F.pad(x, (amount,) * 4, mode=mode)


def leaky_relu_(x: Tensor) -> Tensor:
    """LeakyReLU(0.2) in place: its backward needs only the result, which the next layer keeps anyway."""
    return F.leaky_relu(x, NEGATIVE_SLOPE, inplace=True)


class InstanceNorm(nn.Module):
    """(x - mean) / sqrt(variance + 1e-5) over H, W of each map of each image; no parameters, no running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, None, None, over_channels=False)


class MapLayerNorm(nn.Module):
    """(x - mean) / (std + 1e-5) over C, H, W of each image, std unbiased; then one scale and one shift per channel.

    The scale starts uniform in [0, 1), as published.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, self.weight[None], self.bias[None], over_channels=True)


def adain(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """AdaIN(x) = weight * IN(x) + bias, no "+ 1" on the weight.

    Args:
        x: N x C x H x W.
        weight, bias: N x C.
    """
    return standardise(x, weight, bias, over_channels=False)


def kaiming_normal_(module: nn.Module) -> None:
    """Kaiming normal (fan-in) weights and zero biases in every convolution and linear layer of `module`."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=0, mode="fan_in")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def place(module: Module, device: torch.device) -> Module:
    """The module on `device`, its convolutions' weights in the memory layout of `channels_last`."""
    return module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def channels_last(x: Tensor) -> Tensor:
    """The same tensor in the memory layout `channels_last`, in which convolutions are fastest."""
    return x.contiguous(memory_format=torch.channels_last)
