"""Appearance: what an identity wears, and its skin colour. This is what a swap carries from one person to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Ints
from dgnet.mannequin.clothes.cloth import Cloth
from dgnet.mannequin.clothes.cuts import Cut, Hood
from dgnet.mannequin.clothes.points import Mask, Points
from dgnet.mannequin.colour import Colour


@dataclass(frozen=True, slots=True)
class Skirt:
    """What hangs from the hips instead of following the legs: a skirt's, a dress's or a coat's lower half.

    It reaches down to `hem` (statures), widens by `flare` (statures per stature downwards) in `pleats` folds, and is
    open in front by `open_by` radians on either side.
    """

    hem: float
    flare: float
    pleats: int = 0
    open_by: float = 0.0


@dataclass(frozen=True, slots=True)
class Garment:
    """A piece of clothing: its cut, its cloth, how far (metres) it stands off the body, and whether it creases."""

    cut: Cut
    cloth: Cloth
    looseness: float
    creases: bool = True
    skirt: Skirt | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """Everything worn, from what lies next to the skin to what lies over all else, and the skin's colour."""

    garments: tuple[Garment, ...]
    skin: Colour

    @property
    def hides_hair(self) -> bool:
        """Whether a hood is up."""
        return any(isinstance(garment.cut, Hood) for garment in self.garments)


def wear(appearance: Appearance, points: Points) -> Ints:
    """The index of the outermost garment over each of P points, -1 where there is none."""
    outermost = np.full(len(points), -1, np.int64)
    for index, garment in enumerate(appearance.garments):
        outermost[garment.cut.covers(points)] = index
    return outermost


def creased(appearance: Appearance, outermost: Ints) -> Mask:
    """Where (P) the outermost garment is of cloth that creases."""
    return np.array([*(garment.creases for garment in appearance.garments), False])[outermost]
