"""Normalising images, from uint8 to what the networks take: (x - mean) / std with ImageNet's mean and std."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from dgnet.files.images import ImagesU8

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)


def normalise(images_u8: Tensor) -> Tensor:
    """uint8 N×H×W×3 -> float32 N×3×H×W: (x/255 - mean)/std, with channels last in memory."""
    if images_u8.dtype != torch.uint8 or images_u8.ndim != 4 or images_u8.shape[-1] != 3:
        raise ValueError(f"expected uint8 images N×H×W×3, found {images_u8.dtype} {tuple(images_u8.shape)}")
    # Computed on whole rows of W·3 numbers, ten times as fast on a CPU as on 3 numbers at a time.
    N, H, W, _ = images_u8.shape
    std = 255.0 * torch.tensor(IMAGENET_STD)
    on_cpu = (1.0 / std, -255.0 * torch.tensor(IMAGENET_MEAN) / std)
    scale, shift = (t.repeat(W).to(images_u8.device, non_blocking=True) for t in on_cpu)
    x = images_u8.float().reshape(N, H, W * 3)
    return torch.addcmul(shift, x, scale, out=x).view(N, H, W, 3).permute(0, 3, 1, 2)


def to_01(x: Tensor) -> Tensor:
    """Normalised float N×3×H×W -> float N×3×H×W in [0, 1], clipped."""
    mean = torch.tensor(IMAGENET_MEAN, device=x.device, dtype=x.dtype)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=x.device, dtype=x.dtype)[:, None, None]
    return (x * std + mean).clamp(0.0, 1.0)


def from_01(x_01: Tensor) -> Tensor:
    """The inverse of `to_01`: float N×3×H×W in [0, 1] -> normalised."""
    mean = torch.tensor(IMAGENET_MEAN, device=x_01.device, dtype=x_01.dtype)[:, None, None]
    std = torch.tensor(IMAGENET_STD, device=x_01.device, dtype=x_01.dtype)[:, None, None]
    return (x_01 - mean) / std


def bytes_to_01(images_u8: ImagesU8) -> Tensor:
    """uint8 N×H×W×3 -> float32 N×3×H×W in [0, 1], on the CPU."""
    return torch.from_numpy(np.ascontiguousarray(images_u8)).permute(0, 3, 1, 2).float() / 255
