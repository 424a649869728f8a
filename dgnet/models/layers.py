"""Convolution units, AdaIN and the layer norm that the encoders, the decoder and the discriminator are built of."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.norms import standardise

Module = TypeVar("Module", bound=nn.Module)

NEGATIVE_SLOPE = 0.2


class ConvUnit(nn.Module):
    """Reflection pad, convolution with bias, norm, LeakyReLU(0.2): `conv` of the design's tables.

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


class UpsampleUnit(nn.Module):
    """Nearest x2, reflection pad, 5x5 convolution, layer norm, LeakyReLU, with the convolution run before the doubling.

    On an image whose pixels are doubled a 5x5 kernel sees 3x3 different ones. So four 3x3 kernels, sums of the 5x5's
    rows and columns, give the four output pixels of each input pixel: 36 multiply-adds instead of 100, no doubled map,
    and the same numbers up to rounding. Only the outermost pixels differ, since a doubled map reflects otherwise than
    a plain one repeats its edge; `_mend_edges` adds what they lack.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 5)
        self.norm = MapLayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W -> N x C' x 2H x 2W."""
        return leaky_relu_(self.norm(self.convolve(x)))

    def convolve(self, x: Tensor) -> Tensor:
        """conv(reflection_pad(upsample(x)))."""
        weight, bias = self.conv.weight, self.conv.bias
        assert bias is not None
        rows = [_pair_taps(weight, 2, odd) for odd in (False, True)]
        kernels = torch.stack([_pair_taps(row, 3, odd) for row in rows for odd in (False, True)], dim=1)
        kernels = channels_last(kernels.flatten(0, 1))
        phases = F.conv2d(pad(x, 1, "replicate"), kernels, bias.repeat_interleave(4))
        return _mend_edges(F.pixel_shuffle(phases, 2), x, weight)


def _pair_taps(weight: Tensor, dim: int, odd: bool) -> Tensor:
    """The five taps along `dim` as three, those that fall on one doubled pixel summed, for even or odd outputs."""
    t = weight.unbind(dim)
    return torch.stack([t[0], t[1] + t[2], t[3] + t[4]] if odd else [t[0] + t[1], t[2] + t[3], t[4]], dim)


def _mend_edges(out: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """Where a tap meets the reflected doubled map's far pixel it should see the second pixel, and saw the first.

    The rows are mended with the columns still padded plainly, then the columns with the rows as they should be.
    """

    def line(difference: Tensor, taps: Tensor, mode: str) -> Tensor:
        return F.conv1d(F.pad(difference.repeat_interleave(2, dim=2), (2, 2), mode=mode), taps).to(out.dtype)

    top = line(x[:, :, 1] - x[:, :, 0], weight[:, :, 0], "replicate")
    bottom = line(x[:, :, -2] - x[:, :, -1], weight[:, :, 4], "replicate")
    left = line(x[..., 1] - x[..., 0], weight[..., 0], "reflect")
    right = line(x[..., -2] - x[..., -1], weight[..., 4], "reflect")
    height, width = out.shape[2:]
    out[:, :, :: height - 1] += torch.stack([top, bottom], dim=2)
    out[:, :, :, :: width - 1] += torch.stack([left, right], dim=3)
    return out


def pad(x: Tensor, amount: int, mode: str) -> Tensor:
    """Pad all four sides, in x's own precision: under autocast a CPU would pad in float32, and keep a copy of that."""
    if x.dtype == torch.float32:
        return F.pad(x, (amount,) * 4, mode=mode)
    with torch.autocast(x.device.type, enabled=False):
        return F.pad(x, (amount,) * 4, mode=mode)


def leaky_relu_(x: Tensor) -> Tensor:
    """LeakyReLU(0.2) in place of x: its backward needs the result alone, which the next layer keeps anyway."""
    return F.leaky_relu(x, NEGATIVE_SLOPE, inplace=True)


class InstanceNorm(nn.Module):
    """(x - mean) / sqrt(variance + 1e-5) over H, W of each map of each image; nothing learnt, nothing remembered."""

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, None, None, over_channels=False)


class MapLayerNorm(nn.Module):
    """(x - mean) / (std + 1e-5) over C, H, W of each image, std unbiased; then a scale and a shift a channel.

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
    """The same images in the memory layout that convolutions are fastest in."""
    return x.contiguous(memory_format=torch.channels_last)
