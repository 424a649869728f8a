"""Varying crops as if another detector had cut them: too wide, too narrow, off centre, without head or feet."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

ZOOM: Final = 0.25  # at strength 1 each side of the crop becomes exp(-0.25) to exp(0.25) times as long
SHIFT: Final = 0.12  # at strength 1 the crop's centre moves by up to this fraction of each side
CUT: Final = 0.35  # the largest fraction of the height that a truncated crop lacks
CUT_PROBABILITY: Final = 0.2  # at strength 1
NUM_FRAMING_DRAWS: Final = 7  # draws per image


def reframe(x: Tensor, draws: Tensor, strength: float) -> Tensor:
    """The same people, cropped anew; what lies outside the image is filled with its edge's colour.

    Args:
        x: images N x 3 x H x W.
        draws: N x NUM_FRAMING_DRAWS in [0, 1): zoom down and across, shift down and across, whether a part is cut off,
            how much, and whether it is the head.
        strength: 0 changes nothing; at 1 the limits above are reached.

    Returns:
        A new tensor of x's shape, sampled bilinearly.
    """
    either = 2 * draws - 1
    scale = (either[:, :2] * ZOOM * strength).exp()
    centre = either[:, 2:4] * 2 * SHIFT * strength  # in half sides, the unit of affine_grid
    # A crop that lacks a part shows the rest of the height at full size.
    cut = torch.where(draws[:, 4] < CUT_PROBABILITY * strength, CUT * draws[:, 5], 0.0)
    head = torch.where(draws[:, 6] < 0.5, 1.0, -1.0)
    down = torch.stack([scale[:, 0] * (1 - cut), centre[:, 0] + cut * head], dim=1)
    across = torch.stack([scale[:, 1], centre[:, 1]], dim=1)
    theta = torch.zeros(len(x), 2, 3)
    theta[:, 0, 0], theta[:, 0, 2] = across.unbind(1)
    theta[:, 1, 1], theta[:, 1, 2] = down.unbind(1)
    grid = F.affine_grid(theta.to(x.device, non_blocking=True), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid.to(x.dtype), mode="bilinear", padding_mode="border", align_corners=False)
