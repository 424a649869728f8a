"""Colours as people have and wear them: mostly black, grey, white, blue and beige, then everything else."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.colour import Colour, difference, from_oklch

# (how often, lightness from to, chroma from to, hue from to in degrees) in Oklch.
_WORN = (
    (0.30, (0.12, 0.34), (0.0, 0.02), (0, 360)),  # black and nearly black
    (0.12, (0.36, 0.78), (0.0, 0.018), (0, 360)),  # grey
    (0.15, (0.86, 0.98), (0.0, 0.02), (60, 120)),  # white
    (0.10, (0.20, 0.36), (0.03, 0.09), (245, 280)),  # navy
    (0.09, (0.38, 0.72), (0.04, 0.15), (235, 275)),  # blue
    (0.08, (0.45, 0.86), (0.02, 0.08), (55, 100)),  # beige, khaki, brown
    (0.04, (0.28, 0.45), (0.03, 0.08), (20, 70)),  # dark brown, burgundy
    (0.12, (0.25, 0.90), (0.06, 0.24), (0, 360)),  # everything
)
_DENIM = (
    (0.5, (0.26, 0.42), (0.03, 0.07), (250, 270)),
    (0.5, (0.45, 0.72), (0.03, 0.07), (240, 262)),
)
_LEATHER = ((0.6, (0.12, 0.28), (0.0, 0.02), (30, 70)), (0.4, (0.30, 0.60), (0.04, 0.10), (45, 70)))
_SKIN = (
    (0.40, (0.78, 0.90), (0.035, 0.065), (45, 68)),
    (0.35, (0.64, 0.80), (0.05, 0.08), (48, 66)),
    (0.25, (0.34, 0.62), (0.04, 0.075), (42, 62)),
)
_HAIR = (
    (0.62, (0.13, 0.28), (0.0, 0.03), (30, 80)),
    (0.18, (0.28, 0.45), (0.03, 0.07), (45, 70)),
    (0.09, (0.60, 0.80), (0.05, 0.10), (75, 92)),
    (0.03, (0.38, 0.52), (0.08, 0.13), (35, 50)),
    (0.08, (0.62, 0.90), (0.0, 0.015), (60, 100)),
)
_Table = tuple[tuple[float, tuple[float, float], tuple[float, float], tuple[float, float]], ...]


def draw_worn(rng: np.random.Generator) -> Colour:
    """A colour of clothes."""
    return _draw(_WORN, rng)


def draw_vivid(rng: np.random.Generator) -> Colour:
    """Any colour at all, even in lightness, chroma and hue."""
    return from_oklch(float(rng.uniform(0.2, 0.95)), float(rng.uniform(0, 0.25)), float(rng.uniform(0, 2 * math.pi)))


def draw_denim(rng: np.random.Generator) -> Colour:
    """A colour of jeans."""
    return _draw(_DENIM, rng)


def draw_leather(rng: np.random.Generator) -> Colour:
    """A colour of boots and bags."""
    return _draw(_LEATHER, rng)


def draw_skin(rng: np.random.Generator) -> Colour:
    """A colour of skin."""
    return _draw(_SKIN, rng)


def draw_hair(rng: np.random.Generator) -> Colour:
    """A colour of hair."""
    return _draw(_HAIR, rng)


def draw_beside(first: Colour, rng: np.random.Generator, least: float = 0.14) -> Colour:
    """A colour that can be told from `first`: by at least `least` in Oklab."""
    while True:
        colour = draw_worn(rng) if rng.random() < 0.6 else draw_vivid(rng)
        if difference(first, colour) >= least:
            return colour


def draw_shade_of(first: Colour, rng: np.random.Generator) -> Colour:
    """A lighter or darker shade of `first`, as tone in tone patterns have it."""
    factor = float(rng.choice([rng.uniform(0.45, 0.8), rng.uniform(1.25, 1.9)]))
    red, green, blue = (min(1.0, value * factor + 0.02) for value in first)
    return red, green, blue


def _draw(table: _Table, rng: np.random.Generator) -> Colour:
    weights = np.array([row[0] for row in table])
    _, *ranges = table[int(rng.choice(len(table), p=weights / weights.sum()))]
    lightness, chroma, hue = (float(rng.uniform(low, high)) for low, high in ranges)
    return from_oklch(lightness, chroma, math.radians(hue))
