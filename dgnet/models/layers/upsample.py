"""Upsampling that convolves before it doubles the map: the same result with about a third of the arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.layers.units import MapLayerNorm, channels_last, leaky_relu_, pad


class UpsampleUnit(nn.Module):
    """Nearest x2, reflection pad, 5x5 convolution, layer norm, LeakyReLU, with the convolution run before the doubling.

    In a map whose pixels are doubled, a 5x5 kernel covers only 3x3 different pixels. So four 3x3 kernels, made by
    summing rows and columns of the 5x5 one, give the four output pixels of each input pixel: 36 multiply-adds instead
    of 100, no doubled map, and the same numbers up to rounding. Only the outermost pixels come out differently, since
    the small map is padded by repeating its edge and not by reflection after doubling; `_mend_edges` corrects them.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 5)
        self.norm = MapLayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W -> N x C' x 2H x 2W."""
        return leaky_relu_(self.norm(self.convolve(x)))

    def convolve(self, x: Tensor) -> Tensor:
        """conv(reflection_pad(upsample(x)))."""
        weight, bias = self.conv.weight, self.conv.bias
        assert bias is not None
        rows = [_pair_taps(weight, 2, odd) for odd in (False, True)]
        kernels = torch.stack([_pair_taps(row, 3, odd) for row in rows for odd in (False, True)], dim=1)
        kernels = channels_last(kernels.flatten(0, 1))
        padded, *differences = _PadAndEdges.apply(x)  # type: ignore[no-untyped-call]
        phases = F.conv2d(padded, kernels, bias.repeat_interleave(4))
        return _mend_edges(F.pixel_shuffle(phases, 2), differences, weight)


def _pair_taps(weight: Tensor, dim: int, odd: bool) -> Tensor:
    """The five taps along `dim` as three, for even or odd output pixels: taps on copies of one pixel are summed."""
    t = weight.unbind(dim)
    return torch.stack([t[0], t[1] + t[2], t[3] + t[4]] if odd else [t[0] + t[1], t[2] + t[3], t[4]], dim)


def _mend_edges(out: Tensor, differences: Sequence[Tensor], weight: Tensor) -> Tensor:
    """Correct the outermost rows and columns of `out`.

    At the edge of a doubled map with reflection padding, the outermost tap falls on the second pixel; on the small map
    with repeated edges it fell on the first. The difference of the two, times that tap, is added: first to the rows,
    whose ends are still padded by repetition, then to the columns, whose ends are padded by reflection.

    Args:
        differences: second minus first line of pixels, counted from the top, the bottom, the left and the right.
    """

    def line(difference: Tensor, taps: Tensor, mode: str) -> Tensor:
        return F.conv1d(F.pad(difference.repeat_interleave(2, dim=2), (2, 2), mode=mode), taps).to(out.dtype)

    top, bottom, left, right = differences
    rows = [line(top, weight[:, :, 0], "replicate"), line(bottom, weight[:, :, 4], "replicate")]
    columns = [line(left, weight[..., 0], "reflect"), line(right, weight[..., 4], "reflect")]
    mended: Tensor = _AddToEdges.apply(out, torch.stack(rows, dim=2), torch.stack(columns, dim=3))  # type: ignore[no-untyped-call]
    return mended


# If autograd differentiated plain indexing, every row or column taken from a map would cost a whole map of zeros, and
# every one added to a map a copy of the gradient. The two functions below index without this cost.


class _PadAndEdges(torch.autograd.Function):
    """Maps padded by one by repeating the edge; and second minus first line from the top, bottom, left and right.

    Its own backward also lets torch.compile compile G: torch 2.13's for this padding fails with channels last.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(True)
        padded = pad(x, 1, "replicate")
        return (
            padded,
            x[:, :, 1] - x[:, :, 0],
            x[:, :, -2] - x[:, :, -1],
            x[..., 1] - x[..., 0],
            x[..., -2] - x[..., -1],
        )

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(_: Any, padded: Tensor, *edges: Tensor) -> Tensor:
        top, bottom, left, right = edges
        # Gradients of the padding are added at the edge that was repeated there: columns, rows, and last the corners.
        dx = padded[:, :, 1:-1, 1:-1].clone(memory_format=torch.preserve_format)
        sides = padded[:, :, :, :: padded.shape[3] - 1]
        ends = padded[:, :, :: padded.shape[2] - 1, 1:-1]
        dx[..., 0] += sides[:, :, 1:-1, 0] - left
        dx[..., -1] += sides[:, :, 1:-1, 1] - right
        dx[..., 1] += left
        dx[..., -2] += right
        dx[:, :, 0] += ends[:, :, 0] - top
        dx[:, :, -1] += ends[:, :, 1] - bottom
        dx[:, :, 1] += top
        dx[:, :, -2] += bottom
        corners = sides[:, :, :: padded.shape[2] - 1]
        dx[:, :, :: dx.shape[2] - 1, :: dx.shape[3] - 1] += corners
        return dx


class _AddToEdges(torch.autograd.Function):
    """Adds to the first and last row (N x C x 2 x W), then to the first and last column (N x C x H x 2), in place."""

    @staticmethod
    def forward(ctx: Any, out: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        ctx.mark_dirty(out)
        out[:, :, :: out.shape[2] - 1] += rows
        out[:, :, :, :: out.shape[3] - 1] += columns
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(_: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows, columns = gradient[:, :, :: gradient.shape[2] - 1], gradient[:, :, :, :: gradient.shape[3] - 1]
        return gradient, rows, columns
