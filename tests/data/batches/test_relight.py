"""Relighting against a pixel-by-pixel formula, and what it must not change."""

from __future__ import annotations

import math

import pytest
import torch

from dgnet.data.batches import relight as module
from dgnet.data.batches.crown import CROWN, EDGE
from dgnet.data.batches.relight import BANDS, KEPT, LIGHTNESS, NUM_RELIGHT_DRAWS, SOFTNESS, relight

HEIGHT, WIDTH = 32, 16


def noise(seed: int = 0, images: int = 3) -> torch.Tensor:
    return torch.randn(images, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


def numbers(images: int = 3) -> torch.Tensor:
    return torch.rand(images, NUM_RELIGHT_DRAWS, generator=torch.Generator().manual_seed(2))


def between(interval: tuple[float, float], fraction: float) -> float:
    return interval[0] + (interval[1] - interval[0]) * fraction


def naive(x: torch.Tensor, draws: torch.Tensor, probability: float) -> torch.Tensor:
    """The sum in the docstring of `relight`, one image and one pixel at a time, in float64."""
    out = x.double().clone()
    for image, (used, down, tall, across, wide, contrast, *shades) in zip(out, draws.double().tolist(), strict=True):
        if used >= probability:
            continue
        v, height = between(module.DOWN, down), between(module.RADII[0], tall)
        kept = between(KEPT, contrast)
        u, width = between(module.ACROSS, across), between(module.RADII[1], wide)
        for row in range(HEIGHT):
            for column in range(WIDTH):
                grey = image[:, row, column].mean().item()
                raw = [math.exp(-(((grey - band) / SOFTNESS) ** 2)) for band in BANDS]
                new = sum(
                    w / sum(raw) * (between(LIGHTNESS, shade) + kept * (grey - band))
                    for w, band, shade in zip(raw, BANDS, shades, strict=True)
                )
                distance = (((row + 0.5) / HEIGHT - v) / height) ** 2 + (((column + 0.5) / WIDTH - u) / width) ** 2
                inside = 1 / (1 + math.exp(-module.EDGE * (1 - distance)))
                below = 1 / (1 + math.exp(-((row + 0.5) / HEIGHT - CROWN) / EDGE))
                image[:, row, column] += (new - grey) * inside * below
    return out


def test_it_is_its_formula() -> None:
    x = noise()
    relit = relight(x, numbers(), 0.8)
    assert (relit - x).abs().amax() > 0.5
    torch.testing.assert_close(relit.double(), naive(x, numbers(), 0.8), atol=1e-5, rtol=1e-5)


def test_hue_stays_and_the_given_images_too() -> None:
    x = noise(1)
    before = x.clone()
    relit = relight(x, numbers(), 1.0)
    assert torch.equal(x, before)
    torch.testing.assert_close(relit - relit.mean(1, keepdim=True), x - x.mean(1, keepdim=True), atol=1e-5, rtol=0)


def test_each_garment_takes_the_shade_it_drew_and_what_surrounds_the_person_stays() -> None:
    x = torch.full((1, 3, HEIGHT, WIDTH), 0.25)
    x[:, :, 9:16, 6:10], x[:, :, 16:22, 6:10] = BANDS[5], BANDS[1]  # a light shirt over dark shorts
    draws = torch.full((1, NUM_RELIGHT_DRAWS), 0.5)
    draws[0, 6 + 5], draws[0, 6 + 1] = 0.0, 1.0
    relit = relight(x, draws, 1.0)
    torch.testing.assert_close(relit[0, 0, 12, 8].item(), LIGHTNESS[0], atol=0.05, rtol=0)
    torch.testing.assert_close(relit[0, 0, 19, 8].item(), LIGHTNESS[1], atol=0.05, rtol=0)
    for corner in (relit[:, :, :2, :2], relit[:, :, -2:, -2:]):
        torch.testing.assert_close(corner, torch.full_like(corner, 0.25), atol=1e-4, rtol=0)


def test_hair_keeps_its_shade() -> None:
    x, relit = noise(), relight(noise(), numbers(), 1.0)
    hair, body = slice(0, int(CROWN * HEIGHT) - 2), slice(int(CROWN * HEIGHT) + 2, None)
    torch.testing.assert_close(relit[:, :, hair], x[:, :, hair], atol=0.02, rtol=0)
    assert (relit - x)[:, :, body].abs().amax() > 0.5


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_keeps_the_memory_layout_and_is_off_at_nought(layout: torch.memory_format) -> None:
    x = noise().to(memory_format=layout)
    assert relight(x, numbers(), 1.0).is_contiguous(memory_format=layout)
    assert torch.equal(relight(x, numbers(), 0.0), x)
