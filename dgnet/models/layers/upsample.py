"""Upsampling with the convolution run before the doubling: the same numbers for a third of the arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.layers.units import MapLayerNorm, channels_last, leaky_relu_, pad


class UpsampleUnit(nn.Module):
    """Nearest x2, reflection pad, 5x5 convolution, layer norm, LeakyReLU, with the convolution run before the doubling.

    On an image whose pixels are doubled a 5x5 kernel sees 3x3 different ones. So four 3x3 kernels, sums of the 5x5's
    rows and columns, give the four output pixels of each input pixel: 36 multiply-adds instead of 100, no doubled map,
    and the same numbers up to rounding. Only the outermost pixels differ, since a doubled map reflects otherwise than
    a plain one repeats its edge; `_mend_edges` adds what they lack.
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
    """The five taps along `dim` as three, those that fall on one doubled pixel summed, for even or odd outputs."""
    t = weight.unbind(dim)
    return torch.stack([t[0], t[1] + t[2], t[3] + t[4]] if odd else [t[0] + t[1], t[2] + t[3], t[4]], dim)


def _mend_edges(out: Tensor, differences: Sequence[Tensor], weight: Tensor) -> Tensor:
    """Where a tap meets the reflected doubled map's far pixel it should see the second pixel, and saw the first.

    The rows are mended with the columns still padded plainly, then the columns with the rows as they should be.

    Args:
        differences: of the second and the first pixels from the top, the bottom, the left and the right.
    """

    def line(difference: Tensor, taps: Tensor, mode: str) -> Tensor:
        return F.conv1d(F.pad(difference.repeat_interleave(2, dim=2), (2, 2), mode=mode), taps).to(out.dtype)

    top, bottom, left, right = differences
    rows = [line(top, weight[:, :, 0], "replicate"), line(bottom, weight[:, :, 4], "replicate")]
    columns = [line(left, weight[..., 0], "reflect"), line(right, weight[..., 4], "reflect")]
    mended: Tensor = _AddToEdges.apply(out, torch.stack(rows, dim=2), torch.stack(columns, dim=3))  # type: ignore[no-untyped-call]
    return mended


# Differentiated by autograd, every row or column taken from a map costs a map of zeros, and every one added to it a
# copy of the gradient. The two functions below are what indexing would be without that.


class _PadAndEdges(torch.autograd.Function):
    """Maps, padded by one by repeating the edge; and second less first line, from the top, bottom, left and right.

    A backward of its own also lets G compile: torch 2.13's for this padding does not where channels lie last.
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
        # What was repeated into the padding gathers at the edge it was repeated from: columns first, corners with them.
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
