"""Where the hair is in a pedestrian's crop: hair belongs to the structure, clothes to the appearance."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

CROWN: Final = 0.16  # of the image's height: above it lies the hair, seldom anything of the clothes
EDGE: Final = 0.012  # of the image's height: how gradually one passes into the other


def below_crown(x: Tensor) -> Tensor:
    """How far each row of N x 3 x H x W images counts as below the crown: sigmoid((y - CROWN) / EDGE), H x 1."""
    place = (torch.arange(x.shape[2], device=x.device) + 0.5) / x.shape[2]
    return torch.sigmoid((place - CROWN) / EDGE)[:, None]
