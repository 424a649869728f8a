"""Pictures as a poorer camera would have sent them: fewer pixels, blur, noise, and JPEG's blocks."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

RESOLUTIONS: Final = (1.0, 0.75, 0.5, 0.375)  # of the image's sides; at strength 1 all are as likely
BLUR: Final = 0.012  # of the height: the largest standard deviation of the blur
TAPS: Final = 7  # pixels on each axis that a blur reaches
NOISE: Final = 0.04  # of the range from black to white: the largest standard deviation
BLOCK: Final = 8  # JPEG transforms blocks of 8 x 8 pixels
COARSENESS: Final = 0.12  # the largest quantisation step of the lowest frequency; others grow with the frequency
NUM_SENSOR_DRAWS: Final = 4  # numbers per image


def degrade(x_01: Tensor, draws: Tensor, noise: Tensor, strength: float) -> Tensor:
    """Fewer pixels, then blur, then noise, then JPEG's rounding.

    Args:
        x_01: images in [0, 1], N x 3 x H x W, H and W multiples of 8.
        draws: N x NUM_SENSOR_DRAWS in [0, 1): resolution, blur, noise, coarseness.
        noise: numbers of the standard normal distribution, of x's shape.
        strength: 0 changes nothing, 1 as far as the limits above.

    Returns:
        A new tensor in [0, 1].
    """
    # Drawn on the CPU, so that every device sees the same; half of the images keep each quality whole.
    amounts = (strength * (2 * draws - 1)).clamp(min=0)
    x = at_resolutions(x_01, amounts[:, 0])
    x = blurred(x, amounts[:, 1] * BLUR * x.shape[2])
    each = amounts.to(x.device, non_blocking=True)[:, :, None, None, None]
    x = x + each[:, 2] * NOISE * noise.to(x.device, non_blocking=True)
    return requantised(x, amounts[:, 3] * COARSENESS).clamp(0, 1)


def as_normal(even: Tensor) -> Tensor:
    """Even draws in [0, 1) as draws from the standard normal distribution: the inverse of its cumulative function."""
    return torch.special.ndtri(even.clamp(min=1e-7, max=1 - 1e-7))


def at_resolutions(x: Tensor, amounts: Tensor) -> Tensor:
    """Each image as large as before, of as many pixels as RESOLUTIONS[amount] leaves it."""
    chosen = (amounts * len(RESOLUTIONS)).long().clamp(max=len(RESOLUTIONS) - 1)
    out = x.clone()
    for place, resolution in enumerate(RESOLUTIONS):
        those = (chosen == place).nonzero()[:, 0].to(x.device, non_blocking=True)
        if resolution == 1.0 or len(those) == 0:
            continue
        size = [max(1, round(side * resolution)) for side in x.shape[2:]]
        fewer = F.interpolate(x[those], size=size, mode="bilinear", antialias=True, align_corners=False)
        out[those] = F.interpolate(fewer, size=x.shape[2:], mode="bilinear", align_corners=False)
    return out


def blurred(x: Tensor, deviations: Tensor) -> Tensor:
    """Each image under a Gaussian of its own standard deviation in pixels; 0 leaves it as it is."""
    places = torch.arange(TAPS) - TAPS // 2
    kernels = torch.exp(-0.5 * (places / deviations.clamp(min=1e-3)[:, None]).square())
    kernels = (kernels / kernels.sum(dim=1, keepdim=True)).to(x.device, non_blocking=True)
    count, channels, height, width = x.shape
    weight = kernels.repeat_interleave(channels, dim=0)
    flat = F.pad(x.reshape(1, count * channels, height, width), [TAPS // 2] * 4, mode="replicate")
    flat = F.conv2d(flat, weight[:, None, :, None], groups=count * channels)
    flat = F.conv2d(flat, weight[:, None, None, :], groups=count * channels)
    return flat.view(x.shape)


def requantised(x: Tensor, coarseness: Tensor) -> Tensor:
    """Each image with its 8 x 8 blocks' cosine transform rounded to multiples of a step; step 0 rounds nothing.

    The step of frequency (u, v) is `coarseness` times (1 + u + v) / 2, which grows as JPEG's tables do.
    """
    transform = cosine_transform().to(x.device, non_blocking=True)
    order = torch.arange(BLOCK)
    steps = coarseness[:, None, None] * (1 + order[:, None] + order) / 2
    steps = steps.clamp(min=1e-6).to(x.device, non_blocking=True)[:, None, None, None]  # N x 1 x 1 x 1 x 8 x 8
    count, channels, height, width = x.shape
    blocks = x.reshape(count, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(3, 4)
    frequencies = transform @ blocks @ transform.T
    rounded = (frequencies / steps).round() * steps
    back = transform.T @ rounded @ transform
    return back.transpose(3, 4).reshape(x.shape)


def cosine_transform() -> Tensor:
    """The orthonormal DCT-II of 8 numbers, 8 x 8: row u is c_u cos(π (2 n + 1) u / 16)."""
    places = torch.arange(BLOCK)
    rows = torch.cos(math.pi * (2 * places + 1) * places[:, None] / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    rows[0] /= math.sqrt(2)
    return rows
