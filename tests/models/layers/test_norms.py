"""The norms' own backward against autograd's of the plain formula, and the memory kept between forward and backward."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dgnet.models.layers.norms import EPS, standardise


def plain(x: Tensor, weight: Tensor | None, bias: Tensor | None, over_channels: bool) -> Tensor:
    """The formula on whole tensors, differentiated by autograd."""
    if over_channels:
        std, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True)
        y = (x - mean) / (std + EPS)
    else:
        variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True, correction=0)
        y = (x - mean) / (variance + EPS).sqrt()
    y = y if weight is None else y * weight[:, :, None, None]
    return y if bias is None else y + bias[:, :, None, None]


def inputs(affine: str, dtype: torch.dtype, size: tuple[int, int] = (4, 3)) -> list[Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, *size, generator=generator, dtype=torch.float64) + 2
    rows = {"none": 0, "shared": 1, "own": 3}[affine]
    parameters = [torch.randn(rows, 5, generator=generator, dtype=torch.float64) if rows else None for _ in range(2)]
    return [None if t is None else t.to(dtype).requires_grad_() for t in (x, *parameters)]


@pytest.mark.parametrize("over_channels", [False, True])
@pytest.mark.parametrize("affine", ["none", "shared", "own"])
def test_values_and_gradients_are_the_formulas(affine: str, over_channels: bool) -> None:
    found, expected = [], []
    for function, results in ((standardise, found), (plain, expected)):
        leaves = inputs(affine, torch.float64)
        y = function(*leaves, over_channels=over_channels)  # type: ignore[operator]
        (y * torch.arange(y.numel(), dtype=y.dtype).reshape(y.shape).cos()).sum().backward()
        results += [y, *(leaf.grad for leaf in leaves if leaf is not None)]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        torch.testing.assert_close(standardise(*inputs(affine, torch.float64), over_channels=over_channels), found[0])  # type: ignore[arg-type]


@pytest.mark.parametrize("over_channels", [False, True])
def test_half_precision_keeps_the_map_alone_and_sums_in_float32(over_channels: bool) -> None:
    leaves = inputs("own", torch.bfloat16, size=(64, 32))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        y = standardise(*leaves, over_channels=over_channels)  # type: ignore[arg-type]
    assert y.dtype == torch.bfloat16
    assert sum(t.nbytes for t in kept) < 1.01 * leaves[0].nbytes  # type: ignore[union-attr]
    wide = [t.detach().float() for t in leaves]  # type: ignore[union-attr]
    torch.testing.assert_close(y.float(), plain(*wide, over_channels), rtol=1e-2, atol=1e-2)
    y.float().square().sum().backward()
    assert [t.grad.dtype for t in leaves] == [torch.bfloat16] * 3  # type: ignore[union-attr]


def test_memory_layout_is_kept() -> None:
    x = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).requires_grad_()
    y = standardise(x, None, None, over_channels=False)
    assert y.is_contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last)
