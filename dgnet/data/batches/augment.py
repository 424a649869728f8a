"""Batched augmentation on the images' device; its random numbers are drawn on the CPU, so every device gets the same.

Such numbers in [0, 1) are called draws here and in the modules beside this one.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.data.batches.mirror_shift import mirror_and_shift
from dgnet.data.batches.pairs import Indices
from dgnet.files.images import ImagesU8

NUM_ERASE_TRIES: Final = 16  # rectangles tried per image until one fits; the chance that none does is below 1e-6
NUM_ERASE_DRAWS: Final = 3 + 2 * NUM_ERASE_TRIES  # draws per image


class Augment:
    """Mirror with probability `mirror`, then pad by `pad` pixels of the edge's colour and crop `size` at random."""

    NUM_DRAWS: Final = 3  # draws per image

    def __init__(self, size: tuple[int, int], mirror: float = 0.5, pad: int = 10) -> None:
        if min(size) < 1 or not 0.0 <= mirror <= 1.0 or pad < 0:
            raise ValueError(f"size={size}, mirror={mirror}, pad={pad}: sizes and pad in pixels, mirror in [0, 1]")
        self.size, self.mirror, self.pad = size, mirror, pad

    def __call__(self, images_u8: Tensor | ImagesU8, chosen: Indices, draws: Tensor) -> Tensor:
        """The images at the indices `chosen`, augmented: uint8 n×H×W×3, a copy on the device of `images_u8`.

        images_u8: uint8 N×H×W×3, H×W = `size`; may be a whole store, since only the chosen images are read. draws: n×3
        in [0, 1), on the CPU: whether to mirror, the shift down, the shift right.
        """
        if images_u8.ndim != 4 or tuple(images_u8.shape[1:]) != (*self.size, 3):
            raise ValueError(f"expected images N×{self.size[0]}×{self.size[1]}×3, found {tuple(images_u8.shape)}")
        mirrored = draws[:, 0] < self.mirror
        offsets = (draws[:, 1:] * (2 * self.pad + 1)).long() - self.pad
        return mirror_and_shift(images_u8, chosen, mirrored, offsets)


def random_erase(
    x: Tensor,
    draws: Tensor,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.3),
) -> Tensor:
    """A copy of x where one rectangle per image may be set to ImageNet's mean (0 in normalised units).

    Random erasing (Zhong et al. 2020): with `probability`, a rectangle is erased. Its area (a fraction of the image) is
    uniform in `area`, and its height/width uniform in `aspect`; both are drawn anew until the rectangle fits.
    x: float N×C×H×W. draws: N×NUM_ERASE_DRAWS in [0, 1), on the CPU.
    """
    return random_erase_(x.clone(), draws, probability, area, aspect)


def random_erase_(
    x: Tensor,
    draws: Tensor,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.3),
) -> Tensor:
    """`random_erase` in place; returns x."""
    if not x.is_floating_point():
        raise ValueError(f"random_erase works on normalised float images, found {x.dtype}")
    N, _, H, W = x.shape
    chosen, tries = draws[:, :3], draws[:, 3:].reshape(N, 2, NUM_ERASE_TRIES)
    pixels = H * W * (area[0] + (area[1] - area[0]) * tries[:, 0])
    ratio = aspect[0] + (aspect[1] - aspect[0]) * tries[:, 1]
    heights, widths = (pixels * ratio).sqrt().round(), (pixels / ratio).sqrt().round()
    fits = (heights >= 1) & (heights < H) & (widths >= 1) & (widths < W)
    first = fits.int().argmax(dim=1, keepdim=True)
    erased = (chosen[:, :1] < probability) & fits.any(dim=1, keepdim=True)
    height = torch.where(erased, heights.gather(1, first), 0.0)
    width = torch.where(erased, widths.gather(1, first), 0.0)
    top = (chosen[:, 1:2] * (H - height + 1)).floor()
    left = (chosen[:, 2:] * (W - width + 1)).floor()
    rectangles = torch.cat([top, top + height, left, left + width], dim=1)
    return _fill(x, rectangles)


def _fill(x: Tensor, rectangles: Tensor) -> Tensor:
    """Zero x[n, :, top:bottom, left:end]; `rectangles` N×4 lie on the CPU. On a CPU by slices, elsewhere by a mask."""
    if x.device.type == "cpu":
        for image, (top, bottom, left, end) in zip(x.numpy(), rectangles.int().tolist(), strict=True):
            image[:, top:bottom, left:end] = 0.0
        return x
    top, bottom, left, end = (side.to(x.device, non_blocking=True) for side in rectangles.hsplit(4))
    rows, columns = (torch.arange(size, device=x.device) for size in x.shape[2:])
    in_rows, in_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < end)
    return x.masked_fill_(in_rows[:, None, :, None] & in_columns[:, None, None, :], 0.0)
