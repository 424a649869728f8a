"""Standardising feature maps (instance norm, AdaIN, layer norm) with little memory kept for the backward pass.

Written plainly, autograd would keep for every half-precision map a float32 copy and another of it minus its mean: with
the map itself, five times its size. Here only the map is kept, and the backward pass is the derivative by hand.
"""

from __future__ import annotations

from typing import Any, overload

import torch
from torch import Tensor

EPS = 1e-5
NUM_AT_ONCE = 1 << 20  # how many numbers are worked on at once (`_few_images`)


def standardise(x: Tensor, weight: Tensor | None, bias: Tensor | None, *, over_channels: bool) -> Tensor:
    """weight * (x - mean) / deviation + bias; statistics at least in float32, the result in x's precision.

    Mean and variance are explicit operations: with `batch_norm` and running buffers an ONNX export would be silently
    wrong.

    Args:
        x: N x C x H x W.
        weight, bias: N x C, or 1 x C if the same for every image; None stands for 1 and 0.
        over_channels: False is an instance norm: statistics over H, W of each map, deviation sqrt(variance + 1e-5).
            True is a layer norm: statistics over C, H, W of each image, deviation unbiased std + 1e-5.
    """
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        result: Tensor = _Standardise.apply(x, weight, bias, over_channels)  # type: ignore[no-untyped-call]
        return result
    centred, squares = _centre(x, over_channels)
    return _affine(centred, _scale(squares, x, over_channels), weight, bias).to(x.dtype)


def _centre(x: Tensor, over_channels: bool) -> tuple[Tensor, Tensor]:
    """x - mean, and the sum of its squares."""
    centred = _less_mean(x, over_channels)
    squares = centred.square().sum(dim=(2, 3), keepdim=True)
    return centred, squares.sum(dim=1, keepdim=True) if over_channels else squares


def _less_mean(x: Tensor, over_channels: bool) -> Tensor:
    """x - mean, a new tensor in float32 or float64."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    # First over H and W, then over C: reducing all three at once is slow with channels last in memory.
    mean = wide.mean(dim=(2, 3), keepdim=True)
    return wide - (mean.mean(dim=1, keepdim=True) if over_channels else mean)


def _scale(squares: Tensor, x: Tensor, over_channels: bool) -> Tensor:
    """1 / deviation."""
    if over_channels:
        return 1 / ((squares / (x[0].numel() - 1)).sqrt() + EPS)
    return torch.rsqrt(squares / x[0, 0].numel() + EPS)


def _affine(centred: Tensor, scale: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    scale = scale if weight is None else scale * weight[:, :, None, None]
    return centred * scale if bias is None else torch.addcmul(bias[:, :, None, None].to(scale.dtype), centred, scale)


class _Standardise(torch.autograd.Function):
    """With h = (x - mean) r, r = 1 / deviation and g = dL/dy w: dL/dx = r (g - mean g - k h sum g h).

    k is 1 / count for the instance norm (eps is added to the biased variance), and 1 / ((count - 1) std r) for the
    layer norm (eps is added to the unbiased std).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, over_channels: bool) -> Tensor:
        y, statistics = torch.empty_like(x), []
        for some in _few_images(x):
            centred, squares = _centre(x[some], over_channels)
            scale = _scale(squares, x, over_channels)
            y[some] = _affine(centred, scale, _rows(weight, some), _rows(bias, some))
            statistics.append(scale)
        ctx.save_for_backward(x, weight, torch.cat(statistics))
        ctx.over_channels, ctx.bias = over_channels, None if bias is None else (bias.shape, bias.dtype)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        x, weight, all_scales = ctx.saved_tensors
        count = x[0].numel() if ctx.over_channels else x[0, 0].numel()
        dx, sums = torch.empty_like(x), []
        for some in _few_images(x):
            scale = all_scales[some]
            h, g = _less_mean(x[some], ctx.over_channels).mul_(scale), gradient[some].to(scale.dtype)
            sum_g, sum_gh = g.sum(dim=(2, 3), keepdim=True), (g * h).sum(dim=(2, 3), keepdim=True)
            sums.append((sum_g.flatten(1), sum_gh.flatten(1)))
            w = torch.ones_like(sum_g) if weight is None else _rows(weight, some)[:, :, None, None].to(scale.dtype)
            if ctx.over_channels:
                sum_g, sum_gh = ((total * w).sum(dim=1, keepdim=True) for total in (sum_g, sum_gh))
                k = 1 / ((count - 1) * (1 - EPS * scale))  # std r = 1 - eps r
                dx[some] = torch.addcmul(g * w - sum_g / count, h, k * sum_gh, value=-1).mul_(scale)
            else:  # w is one number per map, so it can be multiplied in at the end, with r
                dx[some] = torch.addcmul(g - sum_g / count, h, sum_gh / count, value=-1).mul_(w * scale)
        d_bias, d_weight = (torch.cat(parts) for parts in zip(*sums, strict=True))
        return (
            dx,
            None if weight is None else d_weight.sum_to_size(weight.shape).to(weight.dtype),
            None if ctx.bias is None else d_bias.sum_to_size(ctx.bias[0]).to(ctx.bias[1]),
            None,
        )


def _few_images(x: Tensor) -> list[slice]:
    """The batch divided into parts whose float32 copies fit a CPU's cache; on other devices undivided."""
    count = max(1, NUM_AT_ONCE // x[0].numel()) if x.device.type == "cpu" else len(x)
    return [slice(start, start + count) for start in range(0, len(x), count)]


@overload
def _rows(rows: Tensor, some: slice) -> Tensor: ...
@overload
def _rows(rows: None, some: slice) -> None: ...
def _rows(rows: Tensor | None, some: slice) -> Tensor | None:
    """The rows of a weight or bias for the images `some`; a single row is for all images."""
    return rows if rows is None or len(rows) == 1 else rows[some]
