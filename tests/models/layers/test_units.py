"""The layers against naive loops in float64."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from dgnet.models.layers.norms import EPS
from dgnet.models.layers.units import ConvUnit, MapLayerNorm, ResidualBlock, adain
from dgnet.models.layers.upsample import UpsampleUnit


def draw(*shape: int, seed: int, scale: float = 1.0, offset: float = 0.0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale + offset


def naive_adain(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """w (x - mean) / sqrt(var + 1e-5) + b, map by map; the variance is biased."""
    result = torch.empty(x.shape, dtype=torch.float64)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            values = x[n, c].double().flatten().tolist()
            mean = sum(values) / len(values)
            variance = sum((value - mean) ** 2 for value in values) / len(values)
            for y in range(x.shape[2]):
                for z in range(x.shape[3]):
                    normal = (float(x[n, c, y, z]) - mean) / math.sqrt(variance + 1e-5)
                    result[n, c, y, z] = float(weight[n, c]) * normal + float(bias[n, c])
    return result


def naive_map_layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """w_c (x - mean) / (std + 1e-5) + b_c, image by image; the deviation is unbiased."""
    result = torch.empty(x.shape, dtype=torch.float64)
    for n in range(x.shape[0]):
        values = x[n].double().flatten().tolist()
        mean = sum(values) / len(values)
        std = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        for c in range(x.shape[1]):
            result[n, c] = float(weight[c]) * (x[n, c].double() - mean) / (std + 1e-5) + float(bias[c])
    return result


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(2, 4)),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
    seed=st.integers(0, 1000),
)
def test_adain(shape: tuple[int, int, int, int], scale: float, seed: int) -> None:
    """At every size, and at so little contrast that eps matters; the weight has no "+ 1"."""
    x = draw(*shape, seed=seed, scale=scale, offset=scale)
    weight, bias = draw(*shape[:2], seed=seed + 1), draw(*shape[:2], seed=seed + 2)
    found = adain(x, weight, bias)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), naive_adain(x, weight, bias), rtol=1e-4, atol=2e-5)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(2, 4)),
    scale=st.sampled_from([1e-4, 1.0, 30.0]),
    seed=st.integers(0, 1000),
)
def test_map_layer_norm(shape: tuple[int, int, int, int], scale: float, seed: int) -> None:
    x = draw(*shape, seed=seed, scale=scale, offset=scale)
    norm = MapLayerNorm(shape[1])
    with torch.no_grad():
        norm.bias.copy_(draw(shape[1], seed=seed + 1))
        found = norm(x).double()
    expected = naive_map_layer_norm(x, norm.weight.detach(), norm.bias.detach())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=2e-5)


def test_map_layer_norm_starts_with_scales_between_zero_and_one() -> None:
    torch.manual_seed(0)
    norm = MapLayerNorm(4096)
    weight = norm.weight.detach()
    assert 0 <= weight.min() < 0.01
    assert 0.99 < weight.max() < 1
    assert weight.mean().item() == pytest.approx(0.5, abs=0.03)
    assert not norm.bias.any()


@pytest.mark.parametrize("normalise", ["adain", "layer"])
def test_statistics_of_half_precision_maps_are_taken_in_full(normalise: str) -> None:
    """A sum of 2048 numbers near 40 overflows float16; a shift of 80 would be off by 0.25 in bfloat16."""
    x = draw(1, 2, 64, 32, seed=0, scale=0.5, offset=40)
    for dtype in (torch.float16, torch.bfloat16):
        half = x.to(dtype)
        if normalise == "adain":
            found = adain(half, torch.ones(1, 2, dtype=dtype), torch.zeros(1, 2, dtype=dtype))
            expected = naive_adain(half, torch.ones(1, 2), torch.zeros(1, 2))
        else:
            norm = MapLayerNorm(2)
            with torch.no_grad():
                norm.weight.fill_(1)
                found = norm(half)
            expected = naive_map_layer_norm(half, torch.ones(2), torch.zeros(2))
        assert found.dtype == dtype
        assert (found.double() - expected).abs().max() < 0.02


def test_adain_gradient() -> None:
    x, weight, bias = (draw(*shape, seed=k).double() for k, shape in enumerate(((2, 3, 3, 2), (2, 3), (2, 3))))
    for tensor in (x, weight, bias):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(adain, (x, weight, bias))


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(1, 1, 1), (3, 1, 1), (3, 2, 1), (5, 1, 1), (3, 1, 3), (3, 1, 4)]
)
@pytest.mark.parametrize("norm", ["none", "instance"])
def test_conv_unit(kernel: int, stride: int, dilation: int, norm: str) -> None:
    """Reflection pad, convolution, norm and LeakyReLU against loops."""
    torch.manual_seed(0)
    unit = ConvUnit(2, 3, kernel, stride=stride, dilation=dilation, norm=norm)
    x = draw(1, 2, 6, 8, seed=1)
    H, W = x.shape[2:]

    def reflect(index: int, size: int) -> int:
        return -index if index < 0 else 2 * (size - 1) - index if index >= size else index

    assert unit.conv.bias is not None
    weight, bias, reach = unit.conv.weight.detach(), unit.conv.bias.detach(), dilation * (kernel // 2)
    expected = torch.empty(1, 3, -(-H // stride), -(-W // stride), dtype=torch.float64)
    for o in range(3):
        for y in range(expected.shape[2]):
            for z in range(expected.shape[3]):
                total = float(bias[o])
                for c in range(2):
                    for dy in range(kernel):
                        for dz in range(kernel):
                            row = reflect(y * stride + dy * dilation - reach, H)
                            column = reflect(z * stride + dz * dilation - reach, W)
                            total += float(weight[o, c, dy, dz]) * float(x[0, c, row, column])
                expected[0, o, y, z] = total
    if norm == "instance":
        expected = naive_adain(expected, torch.ones(1, 3), torch.zeros(1, 3))
    expected = torch.where(expected > 0, expected, 0.2 * expected)
    with torch.no_grad():
        torch.testing.assert_close(unit(x).double(), expected, rtol=1e-4, atol=1e-5)


def test_instance_norm_uses_the_images_own_statistics_in_eval_too() -> None:
    unit = ConvUnit(2, 3, 3, norm="instance").eval()
    assert set(unit.state_dict()) == {"conv.weight", "conv.bias"}
    x = draw(2, 2, 6, 8, seed=1)
    with torch.no_grad():
        assert torch.allclose(unit(x)[:1], unit(x[:1]), atol=1e-6)
        assert torch.equal(unit(x), unit.train()(x))


def test_residual_block_adds_a_plain_second_unit() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(3, norm="instance")
    x = draw(2, 3, 6, 8, seed=1)
    with torch.no_grad():
        inner = block.first(x)
        assert float(inner.min()) < 0 < float(inner.max())
        second = block.second.norm(block.second.conv(F.pad(inner, (1, 1, 1, 1), mode="reflect")))
        assert torch.equal(block(x), x + second)


def test_eps_is_the_designs() -> None:
    assert EPS == 1e-5


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (6, 4)])
def test_upsample_unit_is_a_convolution_of_the_doubled_map(size: tuple[int, int]) -> None:
    """Values and gradients equal those of nearest x2, reflection pad 2, 5x5 convolution, edges and corners too."""
    generator = torch.Generator().manual_seed(0)
    unit = UpsampleUnit(3, 2).double()
    x = torch.randn(2, 3, *size, generator=generator, dtype=torch.float64, requires_grad=True)
    doubled = F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), (2, 2, 2, 2), mode="reflect")
    expected = F.conv2d(doubled, unit.conv.weight, unit.conv.bias)
    found = unit.convolve(x)
    torch.testing.assert_close(found, expected)
    direction = torch.randn(expected.shape, generator=generator, dtype=torch.float64)
    leaves = (x, unit.conv.weight, unit.conv.bias)
    for ours, theirs in zip(
        torch.autograd.grad(found, leaves, direction), torch.autograd.grad(expected, leaves, direction), strict=True
    ):
        torch.testing.assert_close(ours, theirs)
