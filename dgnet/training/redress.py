"""Person i in j's clothes, as a picture for E_s: only the clothes are drawn, the rest is the photograph."""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F
from torch import Tensor

CHANGED: Final = 0.25  # of normalised values: from this difference on a pixel counts as one of the clothes'
REACH: Final = 5  # pixels a side within which it makes others count too


def redress(x: Tensor, x_self: Tensor, x_other: Tensor) -> Tensor:
    """x with x_other pasted where it differs from x_self.

    Both are drawn from the structure code of x, in its own clothes and in another person's, so where they differ there
    are clothes: m = min(1, blur(dilate(|x_other - x_self|)) / CHANGED), and the result is x + m (x_other - x).

    Args:
        x, x_self, x_other: x_i, G(a_i, s_i) and G(a_j, s_i), N x 3 x H x W, normalised.
    """
    difference = (x_other - x_self).abs().mean(dim=1, keepdim=True)
    near = F.max_pool2d(difference, REACH, stride=1, padding=REACH // 2)
    clothes = F.avg_pool2d(near, 3, stride=1, padding=1, count_include_pad=False) / CHANGED
    return x + clothes.clamp(max=1) * (x_other - x)
