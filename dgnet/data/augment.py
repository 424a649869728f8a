"""Batched augmentation on the device of the images, from numbers drawn on the CPU: every device sees the same."""

from __future__ import annotations

import hashlib
import struct
from typing import Final

import torch
from torch import Tensor

from dgnet.data.decode import Pixels
from dgnet.data.mirror_shift import mirror_and_shift
from dgnet.data.pairs import Indices

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
NUM_ERASE_TRIES: Final = 16  # rectangles drawn an image until one fits; all failing has a chance below 1e-6
NUM_ERASE_DRAWS: Final = 3 + 2 * NUM_ERASE_TRIES  # numbers an image


def generator_for(seed: int, step: int, rank: int, stream: int = 0) -> torch.Generator:
    """A CPU generator for (seed, step, rank), and for the `stream`-th independent use of it. All are in 0..2^64-1."""
    key = hashlib.blake2b(struct.pack("<4Q", seed, step, rank, stream), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key) >> 1)


def draw(seed: int, step: int, stream: int, shape: tuple[int, int, int], rank: int = 0, world_size: int = 1) -> Tensor:
    """Numbers in [0, 1) for `shape` = (views, images, numbers an image), as float32 (views · images)×numbers.

    They are this rank's share of what one process draws for the images of all ranks, one rank's after another's.
    """
    views, images, numbers = shape
    everyone = torch.rand(views, images * world_size, numbers, generator=generator_for(seed, step, 0, stream))
    return everyone[:, rank * images : (rank + 1) * images].reshape(views * images, numbers)


def normalise(images_u8: Tensor) -> Tensor:
    """uint8 N×H×W×3 -> float32 N×3×H×W, (x/255 - mean)/std by ImageNet's mean and std, channels last in memory."""
    if images_u8.dtype != torch.uint8 or images_u8.ndim != 4 or images_u8.shape[-1] != 3:
        raise ValueError(f"expected uint8 images N×H×W×3, found {images_u8.dtype} {tuple(images_u8.shape)}")
    # Over whole rows of W·3 numbers, not over 3 at a time: ten times as fast on a CPU.
    N, H, W, _ = images_u8.shape
    std = 255.0 * torch.tensor(IMAGENET_STD)
    on_cpu = (1.0 / std, -255.0 * torch.tensor(IMAGENET_MEAN) / std)
    scale, shift = (t.repeat(W).to(images_u8.device, non_blocking=True) for t in on_cpu)
    x = images_u8.float().reshape(N, H, W * 3)
    return torch.addcmul(shift, x, scale, out=x).view(N, H, W, 3).permute(0, 3, 1, 2)


def to_01(x: Tensor) -> Tensor:
    """The inverse of `normalise`: float N×3×H×W in ImageNet units -> [0, 1], clipped."""
    mean = torch.tensor(IMAGENET_MEAN, device=x.device, dtype=x.dtype)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=x.device, dtype=x.dtype)[:, None, None]
    return (x * std + mean).clamp(0.0, 1.0)


class Augment:
    """Mirror with probability `mirror`, then pad by `pad` pixels of the edge's colour and crop `size` at random."""

    NUM_DRAWS: Final = 3  # numbers an image

    def __init__(self, size: tuple[int, int], mirror: float = 0.5, pad: int = 10) -> None:
        if min(size) < 1 or not 0.0 <= mirror <= 1.0 or pad < 0:
            raise ValueError(f"size={size}, mirror={mirror}, pad={pad}: sizes and pad in pixels, mirror in [0, 1]")
        self.size, self.mirror, self.pad = size, mirror, pad

    def __call__(self, images_u8: Tensor | Pixels, chosen: Indices, draws: Tensor) -> Tensor:
        """The images at `chosen`, augmented: uint8 n×H×W×3 of their own memory, on their device.

        images_u8: uint8 N×H×W×3, H×W = `size`, a whole store if need be: only the chosen are read. draws: n×3 in
        [0, 1), on the CPU: for the mirror, down and right.
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
    """A new tensor with one rectangle an image set to ImageNet's mean (0 in normalised units); x is unchanged.

    Random erasing (Zhong et al. 2020): an image is erased with `probability`; the rectangle covers an even draw from
    `area` (a fraction of the image) with height/width an even draw from `aspect`, drawn anew until it fits.
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
    """Zero x[n, :, top:bottom, left:end], `rectangles` N×4 on the CPU; by slices there, by a mask elsewhere."""
    if x.device.type == "cpu":
        for image, (top, bottom, left, end) in zip(x.numpy(), rectangles.int().tolist(), strict=True):
            image[:, top:bottom, left:end] = 0.0
        return x
    top, bottom, left, end = (side.to(x.device, non_blocking=True) for side in rectangles.hsplit(4))
    rows, columns = (torch.arange(size, device=x.device) for size in x.shape[2:])
    in_rows, in_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < end)
    return x.masked_fill_(in_rows[:, None, :, None] & in_columns[:, None, None, :], 0.0)
