"""Relighting: a person's shades of grey are replaced by random ones, so that E_s cannot tell how light clothes are."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.data.batches.crown import below_crown

BANDS: Final = (-2.0, -1.25, -0.5, 0.25, 1.0, 1.75, 2.5)  # centres of bands of greys that move together, normalised
SOFTNESS: Final = 0.28  # how gradually one band passes into the next
KEPT: Final = (0.6, 1.2)  # factor of the contrast within a band; if always below 1, G could tell relit parts by it
LIGHTNESS: Final = (-1.8, 2.2)  # a band's lightness after relighting: from nearly black to nearly white
DOWN, ACROSS = (0.45, 0.55), (0.425, 0.575)  # centre of the ellipse around the person, in image heights and widths
RADII: Final = ((0.30, 0.45), (0.16, 0.28))  # of that ellipse, in image heights and widths
EDGE: Final = 6.0  # how sharply the ellipse ends
NUM_RELIGHT_DRAWS: Final = 6 + len(BANDS)  # draws per image


def relight(x: Tensor, draws: Tensor, probability: float) -> Tensor:
    """x with the shades inside an ellipse around the person, below the crown, replaced by random ones.

    Pixels of nearly the same grey g mostly show one garment, skin or hair. Each band b of greys moves to a random
    lightness l_b, as if what it shows had another shade: g becomes sum_b w_b(g) (l_b + k (g - BANDS_b)), where the
    weights w_b are a softmax over bands of -((g - BANDS_b) / SOFTNESS)², and k is random in KEPT. Hue and edges stay.
    If E_s sees relit images, G has to take lightness from the appearance code. Otherwise G copies it from E_s's grey
    image, which agrees with the code while x_i is reconstructed, and then x_ij shows i's clothes in the lightness of
    j's. Hair must keep its lightness, so the crown stays as it is (`dgnet.data.batches.crown`).

    Args:
        x: normalised images, N x 3 x H x W.
        draws: N x NUM_RELIGHT_DRAWS in [0, 1), on the CPU.
        probability: with which an image is relit.

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
    """The weight in (0, 1) with which a pixel is inside its image's ellipse and below the crown, N x 1 x H x W."""
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
