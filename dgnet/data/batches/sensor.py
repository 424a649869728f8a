"""Varying images as if a poorer camera had taken them: fewer pixels, blur, noise, and JPEG's blocks."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

RESOLUTIONS: Final = (1.0, 0.75, 0.5, 0.375)  # possible sides of the reduced image, as fractions of the image's
BLUR: Final = 0.012  # the blur's largest standard deviation, as a fraction of the image's height
TAPS: Final = 7  # width of the blur's kernel in pixels
NOISE: Final = 0.04  # the noise's largest standard deviation, where black to white is 1
BLOCK: Final = 8  # JPEG transforms blocks of 8 x 8 pixels
COARSENESS: Final = 0.12  # sets the largest quantisation steps, which grow with the frequency (`requantised`)
NUM_SENSOR_DRAWS: Final = 4  # draws per image


def degrade(x_01: Tensor, draws: Tensor, noise: Tensor, strength: float) -> Tensor:
    """Fewer pixels, then blur, then noise, then JPEG's rounding.

    Args:
        x_01: images in [0, 1], N x 3 x H x W, H and W multiples of 8.
        draws: N x NUM_SENSOR_DRAWS in [0, 1): resolution, blur, noise, coarseness.
        noise: numbers of the standard normal distribution, of x's shape.
        strength: 0 changes nothing; at 1 the limits above are reached.

    Returns:
        A new tensor in [0, 1].
    """
    # Negative amounts become 0, so each of the four spares half of the images.
    amounts = (strength * (2 * draws - 1)).clamp(min=0)
    x = at_resolutions(x_01, amounts[:, 0])
    x = blurred(x, amounts[:, 1] * BLUR * x.shape[2])
    each = amounts.to(x.device, non_blocking=True)[:, :, None, None, None]
    x = x + each[:, 2] * NOISE * noise.to(x.device, non_blocking=True)
    return requantised(x, amounts[:, 3] * COARSENESS).clamp(0, 1)


def as_normal(even: Tensor) -> Tensor:
    """Uniform draws in [0, 1) turned into standard normal ones, by the inverse of the cumulative distribution."""
    return torch.special.ndtri(even.clamp(min=1e-7, max=1 - 1e-7))


def at_resolutions(x: Tensor, amounts: Tensor) -> Tensor:
    """Each image reduced to one of RESOLUTIONS and enlarged to its size again.

    `amounts` in [0, 1): the first quarter of that range stands for the first of RESOLUTIONS, and so on.
    """
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
    """Each image blurred by a Gaussian of its own standard deviation (`deviations`, in pixels); 0 changes nothing."""
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
    """Round the cosine transform of each image's 8 x 8 blocks to multiples of a step, as JPEG does.

    The step of frequency (u, v) is `coarseness` times (1 + u + v) / 2, which grows as JPEG's tables do. `coarseness`
    holds one number per image; 0 rounds nothing.
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
