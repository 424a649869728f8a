"""Colours as another camera would have taken them: exposure, white balance, contrast, saturation, gamma."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

# The logarithm of each factor's largest value at strength 1.
EXPOSURE: Final = 0.7  # all channels times exp(±0.7): half to twice as light
BALANCE: Final = 0.18  # each channel by itself
CONTRAST: Final = 0.4  # around the image's own mean
SATURATION: Final = 0.6  # around each pixel's grey
GAMMA: Final = 0.4  # the exponent of each value
GREY: Final = (0.299, 0.587, 0.114)  # how much each channel counts for a pixel's lightness (ITU-R BT.601)
NUM_COLOUR_DRAWS: Final = 7  # draws per image


def recolour(x_01: Tensor, draws: Tensor, strength: float) -> Tensor:
    """x ← clip(g_c x)^γ, g_c the gain of channel c; then contrast around the mean grey, saturation around the grey.

    Args:
        x_01: images in [0, 1], N x 3 x H x W.
        draws: N x NUM_COLOUR_DRAWS in [0, 1): exposure, three channels, contrast, saturation, gamma.
        strength: 0 changes nothing; at 1 the logarithm of every factor is uniform within ± its limit above.

    Returns:
        A new tensor in [0, 1].
    """
    limits = torch.tensor([EXPOSURE, BALANCE, BALANCE, BALANCE, CONTRAST, SATURATION, GAMMA])
    factors = ((2 * draws - 1) * limits * strength).exp().to(x_01.device, non_blocking=True)
    gain = factors[:, :1] * factors[:, 1:4]
    contrast, saturation, gamma = (factors[:, k, None, None, None] for k in (4, 5, 6))
    x = (x_01 * gain[:, :, None, None]).clamp(0, 1).pow(gamma)
    weights = torch.tensor(GREY).to(x.device, non_blocking=True)[:, None, None]
    grey = (x * weights).sum(dim=1, keepdim=True)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    x = mean + contrast * (grey + saturation * (x - grey) - mean)
    return x.clamp(0, 1)
