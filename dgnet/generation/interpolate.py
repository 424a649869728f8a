"""From one person's clothes to another's, in steps."""

from __future__ import annotations

import torch

from dgnet.data.normalise import normalise
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import device_of, to_u8
from dgnet.models.dgnet import DGNet


@torch.inference_mode()
def interpolate(
    model: DGNet, start_u8: ImagesU8, end_u8: ImagesU8, structure_u8: ImagesU8, num_steps: int = 9
) -> ImagesU8:
    """G((1 - t) a_start + t a_end, s) for t from 0 to 1: uint8 num_steps x H x W x 3.

    Args:
        start_u8, end_u8: the two appearances, uint8 H x W x 3.
        structure_u8: who wears them, uint8 H x W x 3.
    """
    device = device_of(model)
    both = normalise(torch.stack([torch.from_numpy(start_u8), torch.from_numpy(end_u8)]).to(device))
    a_start, a_end = model.appearance_encoder.code(both).chunk(2)
    s = model.structure_encoder(normalise(torch.from_numpy(structure_u8)[None].to(device)))
    t = torch.linspace(0, 1, num_steps, device=device)[:, None, None]
    return to_u8(model.compose(torch.lerp(a_start, a_end, t), s.expand(num_steps, -1, -1, -1)))
