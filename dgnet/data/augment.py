"""Batched augmentation on the device of its input, from draws made on the CPU: every device sees the same numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
NUM_ERASE_TRIES: Final = 16  # rectangles drawn an image until one fits; all failing has a chance below 1e-6


def generator_for(seed: int, step: int, rank: int, stream: int = 0) -> torch.Generator:
    """A CPU generator for (seed, step, rank), and for the `stream`-th independent use of it. All are >= 0."""
    state = np.random.SeedSequence((seed, step, rank, stream)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def normalise(images_u8: Tensor) -> Tensor:
    """uint8 N×H×W×3 -> float32 N×3×H×W, (x/255 - mean)/std by ImageNet's mean and std, channels last in memory."""
    if images_u8.dtype != torch.uint8 or images_u8.ndim != 4 or images_u8.shape[-1] != 3:
        raise ValueError(f"expected uint8 images N×H×W×3, found {images_u8.dtype} {tuple(images_u8.shape)}")
    std = 255.0 * torch.tensor(IMAGENET_STD)
    scale, shift = (1.0 / std).to(images_u8.device), (-255.0 * torch.tensor(IMAGENET_MEAN) / std).to(images_u8.device)
    return images_u8.float().mul_(scale).add_(shift).permute(0, 3, 1, 2)


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
    N, _, H, W = x.shape
    rows = (torch.arange(H) + offsets[:, :1]).clamp_(0, H - 1)
    columns = (torch.arange(W) + offsets[:, 1:]).clamp_(0, W - 1)
    columns = torch.where(mirrored[:, None], W - 1 - columns, columns)
    images = torch.arange(N)[:, None, None]
    images, rows, columns = (t.to(x.device, non_blocking=True) for t in (images, rows, columns))
    return x.permute(0, 2, 3, 1)[images, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


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
    rows, columns = torch.arange(H), torch.arange(W)
    in_rows = ((rows >= top) & (rows < top + height)).to(x.device, non_blocking=True)
    in_columns = ((columns >= left) & (columns < left + width)).to(x.device, non_blocking=True)
    return x.clone().masked_fill_(in_rows[:, None, :, None] & in_columns[:, None, None, :], 0.0)
