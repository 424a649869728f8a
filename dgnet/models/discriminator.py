"""The discriminator D: real or drawn, judged at three scales."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import NetworkConfig
from dgnet.models.layers.units import ConvUnit, ResidualBlock

NUM_SCALES = 3


class ScaleDiscriminator(nn.Module):
    """One scale: N x 3 x H x W -> a score a location, N x 1 x H/4 x W/4. No norm anywhere."""

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
    """D: a list of score maps, one a scale; each next scale sees the image average-pooled by two."""

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
