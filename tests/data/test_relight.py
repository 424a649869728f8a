"""Relighting against a pixel-by-pixel formula, and what it must leave alone."""

from __future__ import annotations

import math

import pytest
import torch

from dgnet.data import relight as module
from dgnet.data.relight import LIGHTNESS, LIKENESS, NUM_RELIGHT_DRAWS, NUM_SEEDS, REACH, relight

HEIGHT, WIDTH = 32, 16


def noise(seed: int = 0, images: int = 3) -> torch.Tensor:
    return torch.randn(images, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


def bell(z: float) -> float:
    return min(1.0, 1.5 * math.exp(-z * z / 2))


def naive(x: torch.Tensor, draws: torch.Tensor, probability: float) -> torch.Tensor:
    """The docstring's sum, an image, a seed and a pixel at a time, in float64."""
    out = x.double().clone()
    for image, numbers in zip(out, draws.double(), strict=True):
        for used, down, across, lightness in numbers.view(NUM_SEEDS, 4).tolist():
            if used >= probability:
                continue
            grey = image.mean(dim=0)
            v = module._DOWN[0] + (module._DOWN[1] - module._DOWN[0]) * down
            u = module._ACROSS[0] + (module._ACROSS[1] - module._ACROSS[0]) * across
            of_seed = grey[int(v * HEIGHT), int(u * WIDTH)].item()
            target = LIGHTNESS[0] + (LIGHTNESS[1] - LIGHTNESS[0]) * lightness
            for row in range(HEIGHT):
                for column in range(WIDTH):
                    w = bell((row / HEIGHT - v) / REACH[0]) * bell((column / WIDTH - u) / REACH[1])
                    w *= bell((grey[row, column].item() - of_seed) / LIKENESS)
                    image[:, row, column] += w * (target - of_seed)
    return out


def test_it_is_its_formula() -> None:
    x, draws = noise(), torch.rand(3, NUM_RELIGHT_DRAWS, generator=torch.Generator().manual_seed(2))
    relit = relight(x, draws, 0.8)
    assert (relit - x).abs().amax() > 0.5
    torch.testing.assert_close(relit.double(), naive(x, draws, 0.8), atol=1e-5, rtol=1e-5)


def test_hue_stays_and_the_given_images_too() -> None:
    x = noise(1)
    before, draws = x.clone(), torch.rand(3, NUM_RELIGHT_DRAWS)
    relit = relight(x, draws, 1.0)
    assert torch.equal(x, before)
    torch.testing.assert_close(relit - relit.mean(1, keepdim=True), x - x.mean(1, keepdim=True), atol=1e-5, rtol=0)


def test_a_garment_moves_as_one_and_what_surrounds_it_stays() -> None:
    x = torch.full((1, 3, HEIGHT, WIDTH), 2.0)
    x[:, :, 10:22, 5:11] = -1.0  # a dark shirt before a light wall
    middle = [0.0, 0.5, 0.5, 0.5]  # one seed in its middle; the other is not used
    relit = relight(x, torch.tensor([middle + [0.9] * 4]), 0.5)
    assert torch.equal(relit[:, :, :9], x[:, :, :9])
    wanted = (LIGHTNESS[0] + LIGHTNESS[1]) / 2
    torch.testing.assert_close(relit[:, :, 14:18, 7:9], torch.full((1, 3, 4, 2), wanted), atol=1e-5, rtol=0)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_keeps_the_memory_layout_and_is_off_at_nought(layout: torch.memory_format) -> None:
    x = noise().to(memory_format=layout)
    draws = torch.rand(3, NUM_RELIGHT_DRAWS)
    assert relight(x, draws, 1.0).is_contiguous(memory_format=layout)
    assert torch.equal(relight(x, draws, 0.0), x)
