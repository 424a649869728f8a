"""Relighting: a person's shades are dealt out anew, so that E_s cannot tell how light clothes are."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.data.batches.crown import below_crown

BANDS: Final = (-2.0, -1.25, -0.5, 0.25, 1.0, 1.75, 2.5)  # centres of the shades that move together, normalised grey
SOFTNESS: Final = 0.28  # how gradually one band passes into the next
KEPT: Final = (0.6, 1.2)  # of the contrast within a band; always less would tell G by the grain what was relit
LIGHTNESS: Final = (-1.8, 2.2)  # of a band afterwards: from nearly black to nearly white
DOWN, ACROSS = (0.45, 0.55), (0.425, 0.575)  # where the ellipse around the person has its centre, in image sides
RADII: Final = ((0.30, 0.45), (0.16, 0.28))  # of that ellipse, in image heights and widths
EDGE: Final = 6.0  # how sharply it ends
NUM_RELIGHT_DRAWS: Final = 6 + len(BANDS)  # numbers an image


def relight(x: Tensor, draws: Tensor, probability: float) -> Tensor:
    """x with the shades inside an ellipse around the person, below the crown, exchanged for random ones.

    Pixels of about one grey g are mostly of one garment, of skin or of hair. Each band of greys moves to a lightness l
    of its own, as if what it shows were of another shade: inside, g becomes sum_b w_b(g) (l_b + k (g - BANDS_b)),
    the weights w a softmax over bands of -((g - BANDS_b) / SOFTNESS)², k anywhere in KEPT. Hue and edges stay.
    Reconstruction from a relit structure image has to take lightness from the appearance code; otherwise G copies it
    from E_s's grey image, since within one person's images the two never disagree, and swapped clothes keep the
    column's lightness. Hair is to keep it, so the crown stays as it is (`dgnet.data.batches.crown`).

    Args:
        x: normalised images, N x 3 x H x W.
        draws: N x NUM_RELIGHT_DRAWS in [0, 1), on the CPU.
        probability: that an image is relit.

    Returns:
        A new tensor, N x 3 x H x W, in x's memory layout.
    """
    draws = draws.to(x.device, non_blocking=True)
    grey, chosen = x.mean(dim=1, keepdim=True), _each(draws[:, 0]) < probability
    bands = torch.tensor(BANDS).to(x.device, non_blocking=True)[:, None, None]
    from_band = grey - bands  # N x bands x H x W
    weights = torch.softmax(-(from_band / SOFTNESS).square(), dim=1)
    kept = _each(_between(KEPT, draws[:, 5]))
    shades = _between(LIGHTNESS, draws[:, 6:])[:, :, None, None]
    relit = (weights * (shades + kept * from_band)).sum(dim=1, keepdim=True)
    return x + torch.where(chosen, _inside(x, draws[:, 1:5]) * (relit - grey), 0.0)


def _inside(x: Tensor, draws: Tensor) -> Tensor:
    """How far each pixel lies in its image's ellipse and below the crown, N x 1 x H x W in (0, 1)."""
    places = ((torch.arange(size, device=x.device) + 0.5) / size for size in x.shape[2:])
    distances = []
    for place, centre, radius, numbers in zip(places, (DOWN, ACROSS), RADII, draws.chunk(2, dim=1), strict=True):
        middle, reach = _between(centre, numbers[:, :1]), _between(radius, numbers[:, 1:])
        distances.append(((place - middle) / reach).square())
    down, across = distances
    return torch.sigmoid(EDGE * (1 - down[:, None, :, None] - across[:, None, None, :])) * below_crown(x)


def _between(interval: tuple[float, float], fraction: Tensor) -> Tensor:
    low, high = interval
    return low + (high - low) * fraction


def _each(values: Tensor) -> Tensor:
    """N -> N x 1 x 1 x 1."""
    return values[:, None, None, None]
