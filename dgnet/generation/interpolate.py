"""Interpolation between two appearance codes on one structure, or between two structure codes in one appearance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dgnet.data.normalise import normalise
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import BATCH_SIZE, device_of, to_u8
from dgnet.models.dgnet import DGNet

PARALLEL = 1e-4  # radians: between codes that differ less in direction, the arc is a straight line


def blend(start: Tensor, end: Tensor, t: Tensor, *, spherical: bool = False) -> Tensor:
    """The codes at T places t between two codes, T x ... from 1 x ... each.

    Linear: (1 - t) start + t end. Spherical (Shoemake 1985), with w the angle between the two as vectors:
    (sin((1 - t) w) start + sin(t w) end) / sin w, which keeps the length of codes that are equally long. Codes in one
    direction, or in opposite ones, have no arc between them and are interpolated linearly.
    """
    t = t.reshape(-1, *[1] * (start.ndim - 1)).to(start.dtype)
    if not spherical:
        return torch.lerp(start, end, t)
    one, other = (code.flatten().double() for code in (start, end))
    lengths = float(one.norm() * other.norm())
    angle = float(torch.arccos((one @ other / lengths).clamp(-1, 1))) if lengths else 0.0
    if not PARALLEL < angle < np.pi - PARALLEL:
        return torch.lerp(start, end, t)
    return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / np.sin(angle)


@torch.inference_mode()
def interpolate(
    model: DGNet,
    start_u8: ImagesU8,
    end_u8: ImagesU8,
    structure_u8: ImagesU8,
    num_steps: int = 9,
    batch_size: int = BATCH_SIZE,
    *,
    spherical: bool = False,
) -> ImagesU8:
    """G(a_t, s) for `num_steps` values of t from 0 to 1, with a_t by `blend`: uint8 num_steps x H x W x 3.

    Args:
        start_u8, end_u8: the images that give the two appearances, uint8 H x W x 3.
        structure_u8: the image that gives the structure, uint8 H x W x 3.
    """
    a_start, a_end = (model.appearance_encoder.code(_image(model, one)) for one in (start_u8, end_u8))
    s = model.structure_encoder(_image(model, structure_u8))
    codes = _blends(a_start, a_end, num_steps, batch_size, spherical)
    return np.concatenate([to_u8(model.compose(a, s.expand(len(a), -1, -1, -1))) for a in codes])


@torch.inference_mode()
def interpolate_structure(
    model: DGNet,
    start_u8: ImagesU8,
    end_u8: ImagesU8,
    appearance_u8: ImagesU8,
    num_steps: int = 9,
    batch_size: int = BATCH_SIZE,
    *,
    spherical: bool = False,
) -> ImagesU8:
    """G(a, s_t) for `num_steps` values of t from 0 to 1, with s_t by `blend`: uint8 num_steps x H x W x 3.

    Args:
        start_u8, end_u8: the images that give the two structures, uint8 H x W x 3.
        appearance_u8: the image that gives the appearance, uint8 H x W x 3.
    """
    s_start, s_end = (model.structure_encoder(_image(model, one)) for one in (start_u8, end_u8))
    a = model.appearance_encoder.code(_image(model, appearance_u8))
    codes = _blends(s_start, s_end, num_steps, batch_size, spherical)
    return np.concatenate([to_u8(model.compose(a.expand(len(s), -1, -1), s)) for s in codes])


def _blends(start: Tensor, end: Tensor, num_steps: int, batch_size: int, spherical: bool) -> Iterator[Tensor]:
    """The codes between two, t from 0 to 1, in batches."""
    for t in torch.split(torch.linspace(0, 1, num_steps), batch_size):
        yield blend(start, end, t.to(start.device), spherical=spherical)


def _image(model: DGNet, image_u8: ImagesU8) -> Tensor:
    return normalise(torch.from_numpy(image_u8[None].copy()).to(device_of(model)))
