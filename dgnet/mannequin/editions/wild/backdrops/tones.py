"""Colours of places."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.colour import Colour, from_oklch


def stone(rng: np.random.Generator, low: float = 0.3, high: float = 0.88) -> Colour:
    """Concrete, plaster, asphalt, paving."""
    hue = math.radians(float(rng.choice([rng.uniform(30, 100), rng.uniform(230, 280)], p=[0.7, 0.3])))
    return from_oklch(float(rng.uniform(low, high)), float(rng.uniform(0.0, 0.035)), hue)


def paint(rng: np.random.Generator) -> Colour:
    """Doors, cars, signs, anything painted."""
    if rng.random() < 0.55:
        return stone(rng, 0.15, 0.97)
    return from_oklch(float(rng.uniform(0.25, 0.9)), float(rng.uniform(0.05, 0.24)), float(rng.uniform(0, 6.283)))


def brick(rng: np.random.Generator) -> Colour:
    """Walls with a colour."""
    return from_oklch(float(rng.uniform(0.35, 0.75)), float(rng.uniform(0.03, 0.1)), float(rng.uniform(0.4, 1.4)))


def leaf(rng: np.random.Generator) -> Colour:
    """Grass and leaves."""
    return from_oklch(float(rng.uniform(0.3, 0.65)), float(rng.uniform(0.05, 0.14)), float(rng.uniform(1.9, 2.5)))


def sky(rng: np.random.Generator) -> Colour:
    """Sky, from blue to white and grey."""
    return from_oklch(float(rng.uniform(0.7, 0.97)), float(rng.uniform(0.0, 0.09)), float(rng.uniform(4.0, 4.6)))


def glass(rng: np.random.Generator) -> Colour:
    """Window panes, dark or mirroring."""
    return from_oklch(float(rng.uniform(0.2, 0.75)), float(rng.uniform(0.0, 0.05)), float(rng.uniform(3.5, 4.6)))


def darker(colour: Colour, factor: float) -> Colour:
    """A shade of a colour."""
    red, green, blue = (min(1.0, value * factor) for value in colour)
    return red, green, blue
