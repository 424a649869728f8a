"""Cameras without number: each is drawn from (seed, camid) and keeps what belongs to a camera."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.colour import Colour
from dgnet.mannequin.editions.edition import generator
from dgnet.mannequin.scene.camera import Camera

NUM_CAMERAS = 300
_STREAM = 101


@dataclass(frozen=True, slots=True)
class Site:
    """A camera where it hangs.

    `headings` are the directions people mostly walk in; `fill` is how much of a crop's height its detector lets a
    person fill; `horizon` is about where the ground ends in its crops (0 upper edge, 1 lower edge); `indoors` tells
    what kinds of backdrop and light it sees.
    """

    camera: Camera
    headings: tuple[float, ...]
    fill: float
    horizon: float
    indoors: bool


@functools.lru_cache(NUM_CAMERAS)
def site(seed: int, camid: int) -> Site:
    """Camera `camid` (1 to NUM_CAMERAS) of the population `seed`."""
    if not 1 <= camid <= NUM_CAMERAS:
        raise ValueError(f"camera {camid} does not exist: there are cameras 1 to {NUM_CAMERAS}")
    rng = generator(seed, _STREAM, camid)
    pitch = float(np.clip(rng.gamma(2.2, 0.085), 0.0, 0.65))
    first = float(rng.uniform(-math.pi, math.pi))
    headings = (first, first + math.pi) if rng.random() < 0.7 else (first, first + 1.6, first + math.pi)
    return Site(
        camera=_draw_camera(pitch, rng),
        headings=headings,
        fill=float(rng.normal(0.85, 0.04)),
        horizon=float(np.clip(0.55 - 1.3 * pitch + rng.normal(0, 0.12), -0.2, 0.75)),
        indoors=bool(rng.random() < 0.25),
    )


def _draw_camera(pitch: float, rng: np.random.Generator) -> Camera:
    return Camera(
        pitch=pitch,
        roll=float(rng.normal(0, 0.03)),
        distance=float(np.exp(rng.uniform(math.log(3.2), math.log(14)))),
        gain=_draw_gain(rng),
        gamma=float(np.exp(rng.normal(0, 0.16))),
        contrast=float(rng.uniform(0.72, 1.18)),
        saturation=float(rng.uniform(0.5, 1.2)),
        blur=float(rng.uniform(0.0008, 0.0085)),
        noise=float(np.exp(rng.uniform(math.log(0.002), math.log(0.022)))),
        sharpen=float(rng.uniform(0.2, 1.2)) if rng.random() < 0.3 else 0.0,
        lines=int(rng.integers(52, 128)) if rng.random() < 0.6 else None,
        quality=int(rng.integers(22, 88)) if rng.random() < 0.7 else None,
        samples=2,
    )


def _draw_gain(rng: np.random.Generator) -> Colour:
    """Exposure and white balance."""
    exposure = float(rng.normal(-0.03, 0.13))
    warm, tint = float(rng.normal(0, 0.055)), float(rng.normal(0, 0.022))
    return math.exp(exposure + warm), math.exp(exposure + tint), math.exp(exposure - warm)
