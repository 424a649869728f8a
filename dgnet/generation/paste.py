"""A swap pasted on the photograph: only the clothes are taken from the swap."""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F
from torch import Tensor

from dgnet.data.batches.crown import below_crown

CHANGED: Final = 0.25  # difference of normalised values from which a pixel counts wholly as clothes
REACH: Final = 1 / 24  # of the image's height: how far around such a pixel others count as clothes too


def paste(x: Tensor, x_self: Tensor, x_other: Tensor) -> Tensor:
    """x with x_other pasted where it differs from x_self.

    x_self and x_other have the structure code of x: x_self has its own clothes, x_other another person's. So where they
    differ there are clothes: m = min(1, blur(dilate(|x_other - x_self|)) / CHANGED), and the result is
    x + m (x_other - x). Above the crown of the head a difference is hair, so x is kept there
    (`dgnet.data.batches.crown`).

    Args:
        x, x_self, x_other: x_j, G(a_j, s_j) and G(a_i, s_j), N x 3 x H x W, normalised.
    """
    reach = round(REACH * x.shape[2])
    difference = (x_other - x_self).abs().mean(dim=1, keepdim=True)
    near = F.max_pool2d(difference, 2 * reach - 1, stride=1, padding=reach - 1)
    clothes = F.avg_pool2d(near, 3, stride=1, padding=1, count_include_pad=False) / CHANGED
    return x + clothes.clamp(max=1) * below_crown(x) * (x_other - x)
