"""A colour histogram of people: what any network for re-id has to beat."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.data.normalise import to_01

STRIPES: Final = 6  # horizontal; the upper ones are a row higher where the height is not a multiple
BINS: Final = 6  # per colour channel
LEFT, RIGHT = 12 / 64, 52 / 64  # the columns that are counted, as fractions of the width: the rest is background


def colour_histogram(x: Tensor) -> Tensor:
    """The square roots of the frequencies of 6 x 6 x 6 RGB colours in each of six stripes.

    Of a width of 64, columns 12 to 51 are counted. The inner product of two is the sum of the stripes' Bhattacharyya
    coefficients: 6 for equal histograms.

    Args:
        x: normalised images N x 3 x H x W.

    Returns:
        float32 N x 1296.
    """
    _, _, height, width = x.shape
    middle = (255 * to_01(x[:, :, :, round(LEFT * width) : round(RIGHT * width)])).round().long()
    red, green, blue = (middle * BINS // 256).unbind(1)
    colour = (red * BINS + green) * BINS + blue
    heights = torch.tensor([len(part) for part in torch.arange(height).tensor_split(STRIPES)], device=x.device)
    stripe = torch.arange(STRIPES, device=x.device).repeat_interleave(heights)
    places = (stripe[:, None] * BINS**3 + colour).flatten(1)
    counts = torch.zeros(len(x), STRIPES * BINS**3, device=x.device)
    counts.scatter_add_(1, places, torch.ones(places.shape, device=x.device))
    in_stripe = counts.view(len(x), STRIPES, BINS**3)
    return (in_stripe / in_stripe.sum(dim=2, keepdim=True)).sqrt().flatten(1)
