"""Interpolation from one person's appearance code to another's, on one structure."""

from __future__ import annotations

import numpy as np
import torch

from dgnet.data.normalise import normalise
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import BATCH_SIZE, device_of, to_u8
from dgnet.models.dgnet import DGNet


@torch.inference_mode()
def interpolate(
    model: DGNet,
    start_u8: ImagesU8,
    end_u8: ImagesU8,
    structure_u8: ImagesU8,
    num_steps: int = 9,
    batch_size: int = BATCH_SIZE,
) -> ImagesU8:
    """G((1 - t) a_start + t a_end, s) for `num_steps` values of t from 0 to 1: uint8 num_steps x H x W x 3.

    Args:
        start_u8, end_u8: the images that give the two appearances, uint8 H x W x 3.
        structure_u8: the image that gives the structure, uint8 H x W x 3.
    """
    device = device_of(model)
    both = normalise(torch.from_numpy(np.stack([start_u8, end_u8])).to(device))
    a_start, a_end = model.appearance_encoder.code(both).chunk(2)
    s = model.structure_encoder(normalise(torch.from_numpy(structure_u8[None].copy()).to(device)))
    every_t = torch.linspace(0, 1, num_steps, device=device)[:, None, None]
    return np.concatenate(
        [
            to_u8(model.compose(torch.lerp(a_start, a_end, t), s.expand(len(t), -1, -1, -1)))
            for t in torch.split(every_t, batch_size)
        ]
    )
