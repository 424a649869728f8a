"""The discriminator D, which judges at three scales whether an image is real or generated."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import NetworkConfig
from dgnet.models.layers.units import ConvUnit, ResidualBlock

NUM_SCALES = 3


class ScaleDiscriminator(nn.Module):
    """D at one scale: N x 3 x H x W -> one score per location, N x 1 x H/4 x W/4. It has no norms."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvUnit(3, width, 1),
            ConvUnit(width, width, 3),
            ConvUnit(width, width, 3, stride=2),
            ConvUnit(width, width, 3),
            ConvUnit(width, 2 * width, 3, stride=2),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(2 * width, norm="none") for _ in range(4)))
        self.score = nn.Conv2d(2 * width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.score(self.blocks(self.stem(x)))
        return scores


class Discriminator(nn.Module):
    """D: N x 3 x H x W -> one score map per scale; each scale's input is the one before, average-pooled by two."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.scales = nn.ModuleList(ScaleDiscriminator(config.discriminator_width) for _ in range(NUM_SCALES))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.02)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        scores = []
        for scale in self.scales:
            scores.append(scale(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return scores
