"""Colours, frames and sensors of other cameras: against formulas, one image at a time; strength 0 changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from dgnet.data.batches import colour, framing, sensor
from dgnet.data.batches.colour import NUM_COLOUR_DRAWS, recolour
from dgnet.data.batches.framing import NUM_FRAMING_DRAWS, reframe
from dgnet.data.batches.sensor import NUM_SENSOR_DRAWS, at_resolutions, blurred, cosine_transform, degrade, requantised


def images(count: int = 4, height: int = 64, width: int = 32, seed: int = 0) -> Tensor:
    """Smooth pictures in [0, 1], with detail in every frequency."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(count, 3, height // 8, width // 8, generator=generator)
    large = torch.nn.functional.interpolate(small, size=(height, width), mode="bilinear")
    return (0.8 * large + 0.2 * torch.rand(count, 3, height, width, generator=generator)).clamp(0, 1)


def draws(count: int, numbers: int, seed: int = 1) -> Tensor:
    return torch.rand(count, numbers, generator=torch.Generator().manual_seed(seed))


def noise_like(x: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(2))


VARIATIONS: dict[str, Callable[[Tensor, float, Tensor], Tensor]] = {
    "colour": lambda x, strength, d: recolour(x, d[:, :NUM_COLOUR_DRAWS], strength),
    "framing": lambda x, strength, d: reframe(x, d[:, :NUM_FRAMING_DRAWS], strength),
    "sensor": lambda x, strength, d: degrade(x, d[:, :NUM_SENSOR_DRAWS], noise_like(x), strength),
}


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_strength_of_0_changes_nothing_and_1_changes_most(name: str) -> None:
    x, numbers = images(16), draws(16, 7)
    before = x.clone()
    torch.testing.assert_close(VARIATIONS[name](x, 0.0, numbers), x, atol=2e-5, rtol=0)
    varied = VARIATIONS[name](x, 1.0, numbers)
    assert varied.min() >= 0
    assert varied.max() <= 1
    assert ((varied - x).abs().amax(dim=(1, 2, 3)) > 0.02).float().mean() > 0.7
    assert torch.equal(x, before), "the images given are left as they were"


@pytest.mark.parametrize("name", ["colour", "framing"])
def test_an_image_does_not_depend_on_its_neighbours(name: str) -> None:
    x, numbers = images(5), draws(5, 7)
    together = VARIATIONS[name](x, 1.0, numbers)
    for place in range(5):
        alone = VARIATIONS[name](x[place : place + 1], 1.0, numbers[place : place + 1])
        torch.testing.assert_close(together[place : place + 1], alone, atol=1e-5, rtol=0)


def test_recolour_is_its_formula() -> None:
    x, numbers, strength = images(3), draws(3, NUM_COLOUR_DRAWS), 0.6
    found = recolour(x, numbers, strength).double().numpy()
    limits = [colour.EXPOSURE, *[colour.BALANCE] * 3, colour.CONTRAST, colour.SATURATION, colour.GAMMA]
    for image, own, result in zip(x.double().numpy(), numbers.double().numpy(), found, strict=True):
        e, r, g, b, contrast, saturation, gamma = (
            math.exp((2 * d - 1) * limit * strength) for d, limit in zip(own, limits, strict=True)
        )
        lit = np.clip(image * (e * np.array([r, g, b]))[:, None, None], 0, 1) ** gamma
        grey = 0.299 * lit[0] + 0.587 * lit[1] + 0.114 * lit[2]
        wanted = np.clip(grey.mean() + contrast * (grey + saturation * (lit - grey) - grey.mean()), 0, 1)
        np.testing.assert_allclose(result, wanted, atol=2e-6)


def test_a_frame_can_be_narrower_and_moved() -> None:
    """A shift moves a white dot in the middle; a narrower frame makes its distance from the centre larger."""
    x = torch.zeros(1, 1, 65, 33)
    x[0, 0, 32, 16] = 1
    still = torch.tensor([[0.5, 0.5, 0.5, 0.5, 1.0, 0.0, 0.0]])
    torch.testing.assert_close(reframe(x, still, 1.0), x, atol=1e-5, rtol=0)
    up = still.clone()
    up[0, 2] = 1.0  # the frame's centre goes down by SHIFT of the height, so the dot goes up
    moved = reframe(x, up, 1.0)[0, 0]
    assert abs(int(moved.amax(dim=1).argmax()) - (32 - framing.SHIFT * 65)) <= 1


@pytest.mark.parametrize(("head", "lost"), [(0.0, slice(0, 16)), (0.9, slice(48, 64))])
def test_a_cut_frame_lacks_the_head_or_the_feet(head: float, lost: slice) -> None:
    x = torch.zeros(1, 1, 64, 32)
    x[:, :, lost] = 1  # what shall be cut away
    numbers = torch.tensor([[0.5, 0.5, 0.5, 0.5, 0.0, 0.9, head]])  # CUT * .9 of the height goes
    assert reframe(x, numbers, 1.0).max() == pytest.approx(0.0, abs=1e-5)
    whole = numbers.clone()
    whole[0, 4] = 0.9
    assert reframe(x, whole, 1.0).max() == 1


def test_the_transform_is_orthonormal_and_a_flat_block_is_its_mean() -> None:
    transform = cosine_transform()
    torch.testing.assert_close(transform @ transform.T, torch.eye(8), atol=1e-6, rtol=0)
    x = images(2)
    torch.testing.assert_close(requantised(x, torch.zeros(2)), x, atol=1e-5, rtol=0)
    coarse = requantised(x, torch.full((2,), 40.0))  # every frequency but none rounds to 0
    assert coarse.abs().max() < 1e-5
    rough = requantised(x, torch.tensor([0.0, 0.3]))
    torch.testing.assert_close(rough[0], x[0], atol=1e-5, rtol=0)
    # A transform that keeps lengths: the error of a block is at most that of its 64 roundings.
    steps = 0.3 * (1 + torch.arange(8)[:, None] + torch.arange(8)) / 2
    assert (rough[1] - x[1]).square().sum() / (3 * 8 * 4) <= (steps / 2).square().sum()
    assert (rough[1] - x[1]).abs().mean() > 0.01


def test_blur_is_a_gaussian_of_each_images_own_width() -> None:
    x = torch.zeros(2, 3, 16, 16)
    x[:, :, 8, 8] = 1
    out = blurred(x, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(out[0], x[0])
    taps = torch.exp(-0.5 * (torch.arange(7) - 3.0).square())
    taps /= taps.sum()
    torch.testing.assert_close(out[1, 1, 5:12, 5:12], taps[:, None] * taps)


def test_fewer_pixels_keep_the_size_and_lose_the_grain() -> None:
    x = images(1).repeat(4, 1, 1, 1)
    out = at_resolutions(x, torch.tensor([0.0, 0.3, 0.6, 0.9]))
    assert torch.equal(out[0], x[0])
    grain = (out[:, :, 1:] - out[:, :, :-1]).abs().mean(dim=(1, 2, 3))
    assert (grain[1:] < grain[:-1]).all()


def test_noise_is_the_given_times_its_amount() -> None:
    x = torch.full((1, 3, 16, 16), 0.5)
    numbers = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    noise = noise_like(x)
    torch.testing.assert_close(
        degrade(x, numbers, noise, 0.5), (x + 0.5 * sensor.NOISE * noise).clamp(0, 1), atol=2e-5, rtol=0
    )
