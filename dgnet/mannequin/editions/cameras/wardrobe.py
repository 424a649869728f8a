"""What the six cameras' people wear: two garments of few colours, so that identities resemble each other."""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.clothes.cloth import Cloth, Figure
from dgnet.mannequin.clothes.cuts import Shoes, Top, Trousers
from dgnet.mannequin.clothes.figures.panels import Below, FrontPanel, Hoops, SideStripe, Yoke
from dgnet.mannequin.clothes.garment import Appearance, Garment
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.editions.cameras.palette import CLOTH, SHOES, SKIN, TROUSERS, contrasting, draw_colour

FIGURES: tuple[Figure | None, ...] = (None, Hoops(), Yoke(), FrontPanel())  # plain, stripes, blocks, an open jacket
SLEEVES = (0.30, 0.46, 0.97, 0.97)  # short, to the elbow, long (twice: more people wear it)
HEMS = (0.56, 0.535, 0.45)  # waist, hips, coat
CUFFS = (0.36, 0.31, 0.075, 0.065, 0.065)  # shorts, to the knee, trousers
SHOE_TOPS = (0.06, 0.06, 0.12)  # shoes, boots


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """One outfit and skin colour."""
    colour = draw_colour(CLOTH, rng)
    figure = FIGURES[int(rng.choice(4, p=[0.56, 0.14, 0.14, 0.16]))]
    top, top_looseness = _cloth(colour, contrasting(CLOTH, colour, rng), figure), float(rng.uniform(0.012, 0.026))
    colour = draw_colour(TROUSERS, rng)
    stripe = SideStripe() if rng.random() < 0.10 else None
    bottom, looseness = _cloth(colour, contrasting(CLOTH, colour, rng), stripe), float(rng.uniform(0.008, 0.022))
    sleeve = float(rng.choice(SLEEVES))
    shoes = draw_colour(SHOES, rng)
    hem = float(rng.choice(HEMS if sleeve > 0.9 else HEMS[:2]))
    cuff = float(rng.choice(CUFFS))
    sole = (0.88, 0.88, 0.86) if rng.random() < 0.5 else (0.12, 0.12, 0.12)
    shoe_top = float(rng.choice(SHOE_TOPS))
    return Appearance(
        garments=(
            Garment(Shoes(shoe_top), _cloth(shoes, sole, Below(0.017)), 0.010, creases=False),
            Garment(Trousers(cuff), bottom, looseness),
            Garment(Top(sleeve, hem), top, top_looseness),
        ),
        skin=draw_colour(SKIN, rng),
    )


def _cloth(colour: Colour, second: Colour, figure: Figure | None) -> Cloth:
    return Cloth(colour, () if figure is None else ((second, figure),))
