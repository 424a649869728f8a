"""The structure encoder E_s: what stays when the clothes change."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import NetworkConfig
from dgnet.models.layers.units import ConvUnit, ResidualBlock, kaiming_normal_

SHRINK: Final = 4  # the image is this many times as high and wide as s


class DilatedBranches(nn.Module):
    """ASPP: a 1x1 branch and three dilated ones, concatenated and fused to twice the channels.

    Args:
        channels: C in, 2C out; each branch has C/2.
        dilations: of the three 3x3 convolutions.
    """

    def __init__(self, channels: int, dilations: tuple[int, int, int]) -> None:
        super().__init__()
        half = channels // 2
        self.point = ConvUnit(channels, half, 1, norm="instance", activate=False)
        self.dilated = nn.ModuleList(
            nn.Sequential(
                ConvUnit(channels, half, 1, norm="instance"),
                ConvUnit(half, half, 3, dilation=dilation, norm="instance", activate=False),
            )
            for dilation in dilations
        )
        self.fuse = ConvUnit(4 * half, 2 * channels, 1, norm="instance", activate=False)

    def forward(self, x: Tensor) -> Tensor:
        fused: Tensor = self.fuse(torch.cat([self.point(x), *(branch(x) for branch in self.dilated)], dim=1))
        return fused


class StructureEncoder(nn.Module):
    """E_s: N x 3 x H x W -> s, N x S x H/4 x W/4, from the mean of the three normalised channels.

    Colour is removed before the first layer, so the S learnt channels cannot carry it. With `config.detail`, 16 more
    channels follow them: the grey image itself, the 4 x 4 pixels of each location of s as 16 channels. With
    `config.detail_colour` there are 48 instead, of the image in colour. `channels` is S.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        w = config.structure_width
        self.channels, self.detail, self.detail_colour = 8 * w, config.detail, config.detail_colour
        self.stem = nn.Sequential(
            ConvUnit(1, w, 3, stride=2, norm="instance"),
            ConvUnit(w, 2 * w, 3, norm="instance"),
            ConvUnit(2 * w, 2 * w, 3, norm="instance"),
            ConvUnit(2 * w, 4 * w, 3, stride=2, norm="instance"),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * w, norm="instance") for _ in range(4)))
        self.branches = DilatedBranches(4 * w, config.dilations)
        kaiming_normal_(self)

    def forward(self, x: Tensor) -> Tensor:
        grey = x.mean(dim=1, keepdim=True)
        code: Tensor = self.branches(self.blocks(self.stem(grey)))
        if self.detail:
            shown = x if self.detail_colour else grey
            code = torch.cat([code, F.pixel_unshuffle(shown, SHRINK).to(code.dtype)], dim=1)
        return code

    def learnt(self, s: Tensor) -> Tensor:
        """The S learnt channels of s, to compare structures by: in grey, x_ij and x_j differ in the clothes."""
        return s[:, : self.channels]
