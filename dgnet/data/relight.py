"""Relighting: regions of a person take another lightness, so that E_s cannot tell how light clothes are."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

NUM_SEEDS: Final = 2
NUM_RELIGHT_DRAWS: Final = 4 * NUM_SEEDS  # numbers an image
LIKENESS: Final = 0.35  # how near in grey, in normalised units, pixels must be to the seed's to move with it
REACH: Final = (0.18, 0.18)  # how near in space, in image heights and widths; both are Gaussian deviations
LIGHTNESS: Final = (-1.8, 2.2)  # of the region afterwards, normalised: from nearly black to nearly white
_DOWN, _ACROSS = (0.2, 0.85), (0.38, 0.62)  # where seeds fall, in image heights and widths: on the person, mostly


def relight(x: Tensor, draws: Tensor, probability: float) -> Tensor:
    """x with regions around random seeds made lighter or darker.

    A seed is a random pixel near the middle; pixels near it, of about its grey g, are mostly of the same garment. They
    move together to a random lightness l, as if it were of another shade: x + w (l - g), the weight w falling with
    distance and with unlikeness in grey. Hue and edges stay. Reconstruction from a relit structure image has to take
    lightness from the appearance code; otherwise G copies it from E_s's grey image, since within one person's images
    the two never disagree, and swapped clothes keep the column's lightness.

    Args:
        x: normalised images, N x 3 x H x W.
        draws: N x NUM_RELIGHT_DRAWS in [0, 1), on the CPU.
        probability: that a seed is used.

    Returns:
        A new tensor, N x 3 x H x W, in x's memory layout.
    """
    N, _, H, W = x.shape
    down, across = (torch.arange(size, device=x.device).div(size) for size in (H, W))
    grey, index = x.mean(dim=1, keepdim=True), torch.arange(N, device=x.device)
    relit = grey
    for seed in draws.to(x.device).view(N, NUM_SEEDS, 4).unbind(1):
        used, v, u, lightness = seed.unbind(1)
        v, u = _between(_DOWN, v), _between(_ACROSS, u)
        seed_grey = relit[index, 0, (v * H).long(), (u * W).long()]
        near = _bell((down - v[:, None]) / REACH[0])[:, :, None] * _bell((across - u[:, None]) / REACH[1])[:, None]
        region = near[:, None] * _bell((relit - _each(seed_grey)) / LIKENESS)
        change = torch.where(used < probability, _between(LIGHTNESS, lightness) - seed_grey, 0.0)
        relit = relit + region * _each(change)
    return x + (relit - grey)


def _between(interval: tuple[float, float], fraction: Tensor) -> Tensor:
    low, high = interval
    return low + (high - low) * fraction


def _bell(z: Tensor) -> Tensor:
    """A Gaussian with its top cut off, so that a region's inside moves as one."""
    return torch.exp(-z.square() / 2).mul(1.5).clamp(max=1.0)


def _each(values: Tensor) -> Tensor:
    """N -> N x 1 x 1 x 1."""
    return values[:, None, None, None]
