"""Swaps x_ij = G(a_i, s_j): of aligned pairs, or of every appearance with every structure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from dgnet.data.normalise import normalise, to_01
from dgnet.files.images import ImagesU8
from dgnet.generation.paste import paste
from dgnet.models.dgnet import DGNet

BATCH_SIZE = 64


def to_u8(x: Tensor) -> ImagesU8:
    """Normalised images N x 3 x H x W -> uint8 N x H x W x 3."""
    rounded = (to_01(x.float()) * 255).round().to(torch.uint8)
    array: ImagesU8 = rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


def device_of(model: DGNet) -> torch.device:
    """The device of the model's parameters."""
    return next(model.parameters()).device


@torch.inference_mode()
def swap_pairs(model: DGNet, appearance_u8: ImagesU8, structure_u8: ImagesU8, batch_size: int = BATCH_SIZE) -> ImagesU8:
    """The swaps of the n-th appearance with the n-th structure, uint8 N x H x W x 3.

    Args:
        model: in eval mode.
        appearance_u8, structure_u8: images, uint8 N x H x W x 3, at the model's size.
    """
    return np.concatenate([to_u8(x_ij) for _, x_ij in _pairs(model, appearance_u8, structure_u8, batch_size)])


@torch.inference_mode()
def swap_and_paste_pairs(
    model: DGNet, appearance_u8: ImagesU8, structure_u8: ImagesU8, batch_size: int = BATCH_SIZE
) -> tuple[ImagesU8, ImagesU8]:
    """The swaps of `swap_pairs`; and the same swaps with only the clothes pasted on the structure images (`paste`)."""
    whole, pasted = [], []
    for x_j, x_ij in _pairs(model, appearance_u8, structure_u8, batch_size):
        whole.append(to_u8(x_ij))
        pasted.append(to_u8(paste(x_j, model.swap(x_j, x_j), x_ij)))
    return np.concatenate(whole), np.concatenate(pasted)


@torch.inference_mode()
def swap_matrix(
    model: DGNet, rows_u8: ImagesU8, columns_u8: ImagesU8, *, pasted: bool = False, batch_size: int = BATCH_SIZE
) -> ImagesU8:
    """Swaps of R appearance images with C structure images: uint8 R x C x H x W x 3. Each image is encoded once.

    With `pasted`, only the clothes are pasted on the structure images (`paste`).
    """
    device = device_of(model)
    encoder = model.appearance_encoder
    a = torch.cat([encoder.code(x_i) for x_i in _batches(rows_u8, batch_size, device)])
    drawn = np.empty((len(rows_u8), *columns_u8.shape), dtype=np.uint8)
    for start, x_j in zip(range(0, len(columns_u8), batch_size), _batches(columns_u8, batch_size, device), strict=True):
        s = model.structure_encoder(x_j)
        x_jj = model.compose(encoder.code(x_j), s) if pasted else None
        for row, a_i in enumerate(a.unsqueeze(1)):
            x_ij = model.compose(a_i.expand(len(s), -1, -1), s)
            drawn[row, start : start + len(s)] = to_u8(x_ij if x_jj is None else paste(x_j, x_jj, x_ij))
    return drawn


def _pairs(
    model: DGNet, appearance_u8: ImagesU8, structure_u8: ImagesU8, batch_size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """(x_j, x_ij), one batch of pairs at a time, normalised."""
    device = device_of(model)
    both = (_batches(images, batch_size, device) for images in (appearance_u8, structure_u8))
    for x_i, x_j in zip(*both, strict=True):
        yield x_j, model.swap(x_i, x_j)


def _batches(images_u8: ImagesU8, batch_size: int, device: torch.device) -> Iterator[Tensor]:
    """Batches of the images, normalised, on the device."""
    for start in range(0, len(images_u8), batch_size):
        part = np.ascontiguousarray(images_u8[start : start + batch_size])
        yield normalise(torch.from_numpy(part).to(device))
