"""Appearance: what an identity wears, and its skin colour. This is what a swap carries from one person to another."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.clothes.palette import CLOTH, SHOES, SKIN, TROUSERS, Colour, contrasting, draw_colour


class Pattern(enum.Enum):
    """How a garment's second colour is laid over its first."""

    PLAIN = "plain"
    STRIPES = "stripes"  # horizontal bands
    BLOCKS = "blocks"  # shoulders and chest in one colour, the rest in the other
    PANEL = "panel"  # a vertical panel: an open jacket over a shirt, or a stripe along a trouser leg


@dataclass(frozen=True, slots=True)
class Garment:
    """A piece of clothing: two sRGB colours, a pattern, and how far (metres) it stands off the body."""

    colour: Colour
    second: Colour
    pattern: Pattern
    looseness: float


@dataclass(frozen=True, slots=True)
class Appearance:
    """Everything worn, and the skin under it.

    `sleeve` is the covered fraction of the arm (0 shoulder, 1 wrist). `hem` and `cuff` are where the top and the
    bottom end and `shoe_top` where the shoes do, as heights in statures on the neutral body (see `anatomy`).
    """

    top: Garment
    sleeve: float
    hem: float
    bottom: Garment
    cuff: float
    shoes: Colour
    sole: Colour
    shoe_top: float
    skin: Colour


SLEEVES = (0.30, 0.46, 0.97, 0.97)  # short, to the elbow, long (twice: more people wear it)
HEMS = (0.56, 0.535, 0.45)  # waist, hips, coat
CUFFS = (0.36, 0.31, 0.075, 0.065, 0.065)  # shorts, to the knee, trousers
SHOE_TOPS = (0.06, 0.06, 0.12)  # shoes, boots


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """One outfit and skin colour."""
    colour = draw_colour(CLOTH, rng)
    pattern = list(Pattern)[int(rng.choice(4, p=[0.56, 0.14, 0.14, 0.16]))]
    top = Garment(colour, contrasting(CLOTH, colour, rng), pattern, float(rng.uniform(0.012, 0.026)))
    colour = draw_colour(TROUSERS, rng)
    pattern = Pattern.PANEL if rng.random() < 0.10 else Pattern.PLAIN
    bottom = Garment(colour, contrasting(CLOTH, colour, rng), pattern, float(rng.uniform(0.008, 0.022)))
    sleeve = float(rng.choice(SLEEVES))
    shoes = draw_colour(SHOES, rng)
    return Appearance(
        top=top,
        sleeve=sleeve,
        hem=float(rng.choice(HEMS if sleeve > 0.9 else HEMS[:2])),
        bottom=bottom,
        cuff=float(rng.choice(CUFFS)),
        shoes=shoes,
        sole=(0.88, 0.88, 0.86) if rng.random() < 0.5 else (0.12, 0.12, 0.12),
        shoe_top=float(rng.choice(SHOE_TOPS)),
        skin=draw_colour(SKIN, rng),
    )
