"""Person i in other people's clothes, as E_s sees x_i while G must take i's own clothes from the code."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.generation.paste import paste
from dgnet.models.decoder import Decoder
from dgnet.models.structure import StructureEncoder

# How many times x_i is redressed, each time in another person's clothes: each hides more of the cut of i's own.
REDRESSINGS: Final = 3


def swap_halves(halves: Tensor) -> Tensor:
    """Exchange the halves of a doubled batch: what belongs to j comes to the place of i, and the other way round."""
    return halves.roll(len(halves) // 2, dims=0)


def further_clothes(num_anchors: int) -> list[int]:
    """For each redressing after the first (in the clothes of j), how far to roll a doubled batch to get the clothes.

    The clothes are those of others than j, if the batch has others.
    """
    half = num_anchors // 2
    return [max(half - k, 1) for k in range(1, REDRESSINGS)]


@torch.no_grad()
def redress(
    E_s: StructureEncoder, G: Decoder, x: Tensor, x_self: Tensor, x_ij: Tensor, a: Tensor, autocast: torch.autocast
) -> Tensor:
    """x in the clothes of others, all of them a doubled batch 2B x 3 x H x W.

    Args:
        x, x_self, x_ij: the images, G(a_i, s_i), and the swaps G(a_i, s_j).
        a: the appearance codes of x.
    """
    with autocast:
        x_redressed = paste(x, x_self, swap_halves(x_ij))
        for places in further_clothes(len(x)):
            x_redressed = paste(x, x_self, G(a.roll(places, dims=0), E_s(x_redressed)).float())
    return x_redressed
