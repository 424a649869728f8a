"""The small palette that people are dressed and coloured from, so that identities resemble each other.

Colours are sRGB triples in [0, 1]. Each table maps a name to (colour, weight): weights are how often it is drawn.
"""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.colour import Colour

CLOTH: dict[str, tuple[Colour, float]] = {
    "black": ((0.09, 0.09, 0.10), 5.0),
    "charcoal": ((0.24, 0.25, 0.27), 2.5),
    "grey": ((0.52, 0.53, 0.55), 3.0),
    "white": ((0.93, 0.92, 0.90), 4.0),
    "navy": ((0.11, 0.15, 0.31), 3.0),
    "blue": ((0.16, 0.35, 0.68), 1.6),
    "sky": ((0.55, 0.72, 0.88), 1.0),
    "red": ((0.76, 0.13, 0.15), 1.4),
    "burgundy": ((0.40, 0.09, 0.15), 0.7),
    "green": ((0.14, 0.42, 0.25), 0.9),
    "olive": ((0.37, 0.38, 0.22), 1.0),
    "beige": ((0.79, 0.71, 0.56), 1.2),
    "mustard": ((0.86, 0.66, 0.18), 0.5),
    "pink": ((0.90, 0.58, 0.65), 0.6),
    "purple": ((0.39, 0.25, 0.51), 0.4),
    "teal": ((0.13, 0.50, 0.52), 0.5),
}
TROUSERS: dict[str, tuple[Colour, float]] = {
    "black": ((0.08, 0.08, 0.09), 4.0),
    "indigo": ((0.16, 0.21, 0.34), 3.5),
    "denim": ((0.32, 0.43, 0.59), 2.5),
    "charcoal": ((0.25, 0.26, 0.28), 2.0),
    "grey": ((0.54, 0.54, 0.54), 1.0),
    "khaki": ((0.66, 0.57, 0.41), 1.4),
    "white": ((0.90, 0.89, 0.86), 0.5),
    "olive": ((0.33, 0.34, 0.21), 0.5),
    "brown": ((0.33, 0.22, 0.15), 0.4),
    "red": ((0.62, 0.14, 0.16), 0.15),
}
SHOES: dict[str, tuple[Colour, float]] = {
    "black": ((0.07, 0.07, 0.08), 4.0),
    "white": ((0.92, 0.92, 0.92), 3.5),
    "grey": ((0.48, 0.48, 0.50), 1.2),
    "brown": ((0.36, 0.23, 0.14), 1.0),
    "red": ((0.72, 0.14, 0.14), 0.4),
    "blue": ((0.17, 0.32, 0.66), 0.4),
}
SKIN: dict[str, tuple[Colour, float]] = {
    "porcelain": ((0.95, 0.81, 0.72), 1.5),
    "light": ((0.90, 0.73, 0.61), 2.0),
    "olive": ((0.80, 0.62, 0.47), 1.6),
    "tan": ((0.68, 0.49, 0.35), 1.3),
    "brown": ((0.50, 0.34, 0.24), 1.1),
    "deep": ((0.33, 0.22, 0.16), 0.9),
}
HAIR: dict[str, tuple[Colour, float]] = {
    "black": ((0.07, 0.06, 0.06), 4.0),
    "dark brown": ((0.18, 0.12, 0.09), 3.0),
    "brown": ((0.34, 0.22, 0.14), 1.6),
    "blond": ((0.80, 0.65, 0.40), 1.0),
    "auburn": ((0.45, 0.19, 0.10), 0.4),
    "grey": ((0.64, 0.63, 0.62), 0.6),
}
BAG: dict[str, tuple[Colour, float]] = {
    "black": ((0.10, 0.10, 0.11), 5.0),
    "navy": ((0.13, 0.17, 0.34), 1.5),
    "red": ((0.70, 0.14, 0.15), 0.7),
    "tan": ((0.60, 0.42, 0.26), 1.0),
    "grey": ((0.45, 0.46, 0.48), 1.2),
    "green": ((0.22, 0.40, 0.26), 0.5),
    "yellow": ((0.87, 0.71, 0.21), 0.3),
}


def draw_colour(table: dict[str, tuple[Colour, float]], rng: np.random.Generator) -> Colour:
    """One colour of `table`, drawn by its weights."""
    weights = np.array([weight for _, weight in table.values()])
    index = int(rng.choice(len(weights), p=weights / weights.sum()))
    return list(table.values())[index][0]


def contrasting(table: dict[str, tuple[Colour, float]], first: Colour, rng: np.random.Generator) -> Colour:
    """A colour of `table` that can be told from `first` at a distance: a pattern nobody sees is no pattern."""
    colour = first
    while sum(abs(a - b) for a, b in zip(colour, first, strict=True)) < 0.55:
        colour = draw_colour(table, rng)
    return colour
