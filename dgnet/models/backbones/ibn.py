"""IBN: instance norm removes an image's style (contrast, colour cast) from half of the channels; the rest keep it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dgnet.models.layers.norms import standardise


class AffineInstanceNorm(nn.Module):
    """weight * (x - mean) / sqrt(variance + 1e-5) + bias over H, W of each map of each image; no running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, self.weight[None], self.bias[None], over_channels=False)


class InstanceBatchNorm(nn.Module):
    """Instance norm on the first half of the channels, batch norm on the rest: N x C x H x W -> the same.

    In IBN-a networks it replaces a residual block's first batch norm (Pan et al. 2018, "Two at Once"): half of the
    channels lose contrast and colour cast, which differ between cameras and data sets.
    The parts are named `IN` and `BN`, as in the public checkpoints of IBN-Net.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.num_instance = channels // 2
        self.IN = AffineInstanceNorm(self.num_instance)
        self.BN = nn.BatchNorm2d(channels - self.num_instance)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.IN(x[:, : self.num_instance]), self.BN(x[:, self.num_instance :])], dim=1)
