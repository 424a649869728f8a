"""Cloth without number: plain most often, else one of many patterns, at times two of them."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.clothes.cloth import Cloth, Figure
from dgnet.mannequin.clothes.figures.panels import Below, FrontPanel, Sleeves, Yoke
from dgnet.mannequin.clothes.figures.prints import ALPHABET, Dots, Print, lettering
from dgnet.mannequin.clothes.figures.stripes import Checks, Stripes
from dgnet.mannequin.clothes.figures.textures import Gradient, Patches
from dgnet.mannequin.clothes.points import TRUNK_RADIUS
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.editions.wild.colours import draw_beside, draw_shade_of

KINDS = {
    "plain": 0.46,
    "hoops": 0.08,
    "upright": 0.03,
    "diagonal": 0.02,
    "checks": 0.07,
    "dots": 0.03,
    "picture": 0.07,
    "letters": 0.05,
    "camouflage": 0.03,
    "mottled": 0.04,
    "gradient": 0.02,
    "yoke": 0.03,
    "sleeves": 0.03,
    "front": 0.02,
    "hem": 0.02,
}


def draw_cloth(colour: Colour, rng: np.random.Generator, *, plain: float = 0.0) -> Cloth:
    """Cloth of ground `colour`; with probability `plain` nothing is on it, else what KINDS says."""
    if rng.random() < plain:
        return Cloth(colour)
    kind = str(rng.choice([*KINDS], p=np.array([*KINDS.values()]) / sum(KINDS.values())))
    return Cloth(colour, draw_figures(kind, colour, rng))


def draw_figures(kind: str, colour: Colour, rng: np.random.Generator) -> tuple[tuple[Colour, Figure], ...]:
    """The figures of one of KINDS on a ground of `colour`."""
    second = draw_beside(colour, rng)
    width = float(np.exp(rng.uniform(math.log(0.012), math.log(0.13))))
    fill = float(rng.uniform(0.2, 0.75))
    match kind:
        case "plain":
            return ()
        case "hoops":
            return ((second, Stripes(width, fill, 0.0, float(rng.random()))),)
        case "upright":
            return ((second, Stripes(width, fill, math.pi / 2, float(rng.random()))),)
        case "diagonal":
            return ((second, Stripes(width, fill, float(rng.uniform(0.3, 2.8)), float(rng.random()))),)
        case "checks":
            angle = float(rng.choice([0.0, 0.0, math.pi / 4]))
            checks = (second, Checks(max(width, 0.02), fill, angle))
            third = (draw_beside(second, rng), Checks(max(width, 0.02), 0.12, angle))
            return (checks, third) if rng.random() < 0.5 else (checks,)
        case "dots":
            pitch = float(rng.uniform(0.018, 0.06))
            return ((second, Dots(pitch, pitch * float(rng.uniform(0.2, 0.42)))),)
        case "picture":
            return _picture(second, rng)
        case "letters":
            text = "".join(ALPHABET[int(k)] for k in rng.integers(len(ALPHABET), size=int(rng.integers(1, 6))))
            height = float(rng.uniform(0.03, 0.09)) if len(text) > 2 else float(rng.uniform(0.06, 0.13))
            height = min(height, 0.19 / len(text))
            behind = math.pi * TRUNK_RADIUS if rng.random() < 0.3 else 0.0
            return ((second, lettering(text, height, behind, float(rng.uniform(0.64, 0.76)))),)
        case "camouflage":
            size = float(rng.uniform(0.02, 0.08))
            shades = (draw_shade_of(colour, rng), second, draw_shade_of(second, rng))
            return tuple(
                (shade, Patches(int(rng.integers(1 << 20)), size, float(rng.uniform(-0.1, 0.35)))) for shade in shades
            )
        case "mottled":
            shade = draw_shade_of(colour, rng) if rng.random() < 0.6 else second
            return ((shade, Patches(int(rng.integers(1 << 20)), float(rng.uniform(0.01, 0.06)), 0.0, 1.2)),)
        case "gradient":
            low, high = (0.5, 0.82) if rng.random() < 0.5 else (0.8, 0.5)
            return ((second, Gradient(low, high)),)
        case "yoke":
            return ((second, Yoke(float(rng.uniform(0.62, 0.78)), float(rng.uniform(0.15, 0.6)))),)
        case "sleeves":
            return ((second, Sleeves()),)
        case "front":
            return ((second, FrontPanel(float(rng.uniform(0.012, 0.05)))),)
        case "hem":
            return ((second, Below(float(rng.uniform(0.54, 0.66)))),)
        case _:
            raise ValueError(f"no pattern is called {kind!r}: there are {', '.join(KINDS)}")


def _picture(second: Colour, rng: np.random.Generator) -> tuple[tuple[Colour, Figure], ...]:
    """A picture of random cells, the same on both sides of its middle, of one or two colours."""
    size = int(rng.integers(5, 10))
    half = rng.random((size, (size + 1) // 2)) < rng.uniform(0.35, 0.8)
    cells = np.concatenate([half, half[:, : size // 2][:, ::-1]], 1)
    rows = tuple(int("".join("1" if cell else "0" for cell in row), 2) for row in cells)
    height, up = float(rng.uniform(0.05, 0.16)), float(rng.uniform(0.64, 0.75))
    around = math.pi * TRUNK_RADIUS if rng.random() < 0.25 else float(rng.choice([0.0, 0.0, 0.05]))
    whole = (second, Print(rows, size, height, around, up))
    if rng.random() < 0.5:
        return (whole,)
    inner = (draw_beside(second, rng), Print(rows[1:-1], size, height * (size - 2) / size * 0.6, around, up))
    return whole, inner
