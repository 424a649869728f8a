"""Hard and soft light from anywhere."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.colour import Colour
from dgnet.mannequin.scene.light import Edge, Light


def draw_light(indoors: bool, rng: np.random.Generator, *, night: bool | None = None) -> Light:
    """Sun, overcast sky, lamps or night; whether it is night is drawn too, unless it is given."""
    if night is None:
        night = not indoors and bool(rng.random() < 0.12)
    direct = float(rng.uniform(0, 0.35) if indoors or rng.random() < 0.45 else rng.uniform(0.35, 0.85))
    level = float(rng.uniform(0.45, 0.7) if night else rng.uniform(0.72, 1.05))
    azimuth = float(rng.uniform(0, 2 * math.pi))
    elevation = float(rng.uniform(0.9, 1.5) if indoors else rng.uniform(0.25, 1.35))
    flat = math.cos(elevation)
    sky = _tinted(level * (1 - direct) * 1.15, float(rng.normal(0.06 if indoors else -0.06, 0.06)))
    bounce = float(rng.uniform(0.35, 0.85))
    return Light(
        sun=(flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)),
        key=_tinted(level * (0.2 + direct) * 1.2, float(rng.normal(0.14 if night or indoors else 0.05, 0.07))),
        sky=sky,
        ground=(sky[0] * bounce * 1.05, sky[1] * bounce, sky[2] * bounce * 0.92),
        hardness=0.0 if direct < 0.12 else min(1.0, direct * 1.6),
        contact=float(rng.uniform(0.2, 0.65)),
        edge=_draw_edge(rng) if rng.random() < (0.22 if direct > 0.35 else 0.08) else None,
    )


def _tinted(level: float, warm: float) -> Colour:
    return level * math.exp(warm), level, level * math.exp(-1.3 * warm)


def _draw_edge(rng: np.random.Generator) -> Edge:
    return Edge(
        angle=float(rng.uniform(0, 2 * math.pi)),
        offset=float(rng.uniform(-0.35, 0.35)),
        strength=float(rng.uniform(0.4, 0.85)),
        soft=float(np.exp(rng.uniform(math.log(0.02), math.log(0.5)))),
    )
