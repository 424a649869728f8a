"""Batched augmentation on the device of its input, from draws made on the CPU: every device sees the same numbers."""

from __future__ import annotations

import hashlib
import struct
from typing import Any, Final

import numpy.typing as npt
import torch
from torch import Tensor

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
NUM_ERASE_TRIES: Final = 16  # rectangles drawn an image until one fits; all failing has a chance below 1e-6


def generator_for(seed: int, step: int, rank: int, stream: int = 0) -> torch.Generator:
    """A CPU generator for (seed, step, rank), and for the `stream`-th independent use of it. All are in 0..2^64-1."""
    key = hashlib.blake2b(struct.pack("<4Q", seed, step, rank, stream), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key) >> 1)


def normalise(images_u8: Tensor) -> Tensor:
    """uint8 N×H×W×3 -> float32 N×3×H×W, (x/255 - mean)/std by ImageNet's mean and std, channels last in memory."""
    if images_u8.dtype != torch.uint8 or images_u8.ndim != 4 or images_u8.shape[-1] != 3:
        raise ValueError(f"expected uint8 images N×H×W×3, found {images_u8.dtype} {tuple(images_u8.shape)}")
    std = 255.0 * torch.tensor(IMAGENET_STD)
    # Over whole rows of W·3 numbers, not over 3 at a time: ten times as fast on a CPU.
    N, H, W, _ = images_u8.shape
    scale, shift = ((t.repeat(W)).to(images_u8.device) for t in (1.0 / std, -255.0 * torch.tensor(IMAGENET_MEAN) / std))
    x = images_u8.float().reshape(N, H, W * 3)
    return torch.addcmul(shift, x, scale, out=x).view(N, H, W, 3).permute(0, 3, 1, 2)


def to_01(x: Tensor) -> Tensor:
    """The inverse of `normalise`: float N×3×H×W in ImageNet units -> [0, 1], clipped."""
    mean = torch.tensor(IMAGENET_MEAN, device=x.device, dtype=x.dtype)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=x.device, dtype=x.dtype)[:, None, None]
    return (x * std + mean).clamp(0.0, 1.0)


class Augment:
    """Mirror with probability `mirror`, then pad by `pad` pixels of the edge's colour and crop `size` at random.

    Called with N×C×H×W (float or uint8, H×W = `size`), it returns a new tensor of the same shape, dtype and device.
    """

    def __init__(self, size: tuple[int, int], mirror: float = 0.5, pad: int = 10) -> None:
        if min(size) < 1 or not 0.0 <= mirror <= 1.0 or pad < 0:
            raise ValueError(f"size={size}, mirror={mirror}, pad={pad}: sizes and pad in pixels, mirror in [0, 1]")
        self.size, self.mirror, self.pad = size, mirror, pad

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Draw three numbers an image (one row each, in the order of the batch) and apply them."""
        if x.ndim != 4 or tuple(x.shape[2:]) != self.size:
            raise ValueError(f"expected images N×C×{self.size[0]}×{self.size[1]}, found {tuple(x.shape)}")
        draws = torch.rand(len(x), 3, generator=generator)
        mirrored = draws[:, 0] < self.mirror
        offsets = (draws[:, 1:] * (2 * self.pad + 1)).long() - self.pad
        return shift_and_mirror(x, offsets, mirrored)


def shift_and_mirror(x: Tensor, offsets: Tensor, mirrored: Tensor) -> Tensor:
    """out[n, :, r, c] = x'[n, :, clamp(r + dy), clamp(c + dx)], x' being x or its mirror image.

    `offsets`: int64 N×2 (dy, dx) pixels; `mirrored`: bool N; both on the CPU. Clamping is padding with the edge.
    """
    return (_by_copies if x.device.type == "cpu" else _by_gather)(x, offsets, mirrored)


def _by_copies(x: Tensor, offsets: Tensor, mirrored: Tensor) -> Tensor:
    """For a CPU, where moving whole rows at once is several times as fast as gathering pixels."""
    _, _, H, W = x.shape
    limit = torch.tensor([H - 1, W - 1])
    nhwc = x.permute(0, 2, 3, 1).contiguous()
    out = torch.empty_like(nhwc)
    flipped = iter(_pixels(nhwc.index_select(0, mirrored.nonzero()[:, 0]).flip(2)))
    shifts = offsets.clamp(-limit, limit).tolist()
    for image, source, (down, right), flip in zip(_pixels(out), _pixels(nhwc), shifts, mirrored.tolist(), strict=True):
        top, bottom = max(0, -down), min(H, H - down)
        left, end = max(0, -right), min(W, W - right)
        chosen = next(flipped) if flip else source
        image[top:bottom, left:end] = chosen[top + down : bottom + down, left + right : end + right]
        image[top:bottom, :left] = image[top:bottom, left : left + 1]
        image[top:bottom, end:] = image[top:bottom, end - 1 : end]
        image[:top] = image[top]
        image[bottom:] = image[bottom - 1]
    return out.permute(0, 3, 1, 2)


def _pixels(nhwc: Tensor) -> npt.NDArray[Any]:
    """The tensor's memory as an array N×H×W whose elements are whole pixels, which copy faster than three numbers."""
    array = nhwc.numpy()
    return array.view(f"V{array.itemsize * array.shape[3]}")[..., 0]


def _by_gather(x: Tensor, offsets: Tensor, mirrored: Tensor) -> Tensor:
    """For an accelerator: one gather, nothing waits for the device."""
    N, _, H, W = x.shape
    rows = (torch.arange(H) + offsets[:, :1]).clamp_(0, H - 1)
    columns = (torch.arange(W) + offsets[:, 1:]).clamp_(0, W - 1)
    columns = torch.where(mirrored[:, None], W - 1 - columns, columns)
    images, rows, columns = (t.to(x.device, non_blocking=True) for t in (torch.arange(N), rows, columns))
    pixels = x.permute(0, 2, 3, 1)[images[:, None, None], rows[:, :, None], columns[:, None, :]]
    return pixels.permute(0, 3, 1, 2)


def random_erase(
    x: Tensor,
    generator: torch.Generator,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.3),
) -> Tensor:
    """A new tensor with one rectangle an image set to ImageNet's mean (0 in normalised units); x is unchanged.

    Random erasing (Zhong et al. 2020): an image is erased with `probability`; the rectangle covers an even draw from
    `area` (a fraction of the image) with height/width an even draw from `aspect`, drawn anew until it fits.
    x: float N×C×H×W.
    """
    return random_erase_(x.clone(), generator, probability, area, aspect)


def random_erase_(
    x: Tensor,
    generator: torch.Generator,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.3),
) -> Tensor:
    """`random_erase` in place; returns x."""
    if not x.is_floating_point():
        raise ValueError(f"random_erase works on normalised float images, found {x.dtype}")
    N, _, H, W = x.shape
    draws = torch.rand(N, 3 + 2 * NUM_ERASE_TRIES, generator=generator)
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
