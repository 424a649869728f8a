"""The crown: the rows of a pedestrian's crop that show the hair, which belongs to the structure, as clothes do not."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

CROWN: Final = 0.16  # fraction of the image's height: above it lies the hair, and seldom any of the clothes
EDGE: Final = 0.012  # fraction of the image's height: how gradually one passes into the other


def below_crown(x: Tensor) -> Tensor:
    """The weight in (0, 1) with which each row y of N x 3 x H x W images is below the crown, H x 1.

    It is sigmoid((y - CROWN) / EDGE), with y from 0 at the top to 1.
    """
    place = (torch.arange(x.shape[2], device=x.device) + 0.5) / x.shape[2]
    return torch.sigmoid((place - CROWN) / EDGE)[:, None]
