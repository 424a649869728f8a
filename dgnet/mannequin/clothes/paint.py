"""Colour and thickness of what is worn, as functions of where a point lies on the neutral body.

Colour is evaluated a fragment, so that seams and stripes are sharp at every image size; thickness is evaluated a
vertex, and makes sleeves, hems and hair stand off the body.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.mesh import Floats, Ints
from dgnet.mannequin.body.physique import BagKind, HairCut, Physique
from dgnet.mannequin.clothes.wardrobe import Appearance, Garment, Pattern

Mask = npt.NDArray[np.bool_]

# Where scalp begins: (y, lowest z with hair) from the forehead over the ear to the nape.
_HAIRLINE_Y = (-0.085, -0.055, -0.022, 0.000, 0.012)
_HAIRLINE_Z = (0.978, 0.968, 0.948, 0.915, 0.885)
_SCALP_THICKNESS = {
    HairCut.SHAVED: 0.002,
    HairCut.SHORT: 0.010,
    HairCut.FULL: 0.026,
    HairCut.BOB: 0.012,
    HairCut.LONG: 0.012,
    HairCut.TAIL: 0.013,
    HairCut.BUN: 0.013,
    HairCut.CURLY: 0.020,
}


@dataclass(frozen=True)
class Worn:
    """Which points the top, the bottom and the shoes cover."""

    top: Mask
    bottom: Mask
    shoes: Mask


def albedo(appearance: Appearance, physique: Physique, worn: Worn, part: Ints, canon: Floats, arm: Floats) -> Floats:
    """sRGB colour P x 3 of points of body `part` (P) at `canon` (P x 3), `arm` (P) along the arm."""
    colour = np.empty((len(part), 3), np.float32)
    colour[:] = appearance.skin
    _face(colour, appearance, physique, part, canon)
    top, bottom, shoes = worn.top, worn.bottom, worn.shoes
    colour[bottom] = _pattern(appearance.bottom, canon[bottom], arm[bottom], legs=True)
    colour[top] = _pattern(appearance.top, canon[top], arm[top], legs=False)
    colour[shoes] = appearance.shoes
    colour[shoes & (canon[:, 2] < 0.017)] = appearance.sole
    colour[_straps(physique, part, canon)] = physique.bag_colour
    colour[part == Part.HAIR] = physique.hair_colour
    colour[part == Part.BAG] = physique.bag_colour
    return colour


def thickness(appearance: Appearance, physique: Physique, part: Ints, canon: Floats, arm: Floats) -> Floats:
    """How far (metres) each vertex stands off the body."""
    worn = wear(appearance, part, canon, arm)
    top, bottom, shoes = worn.top, worn.bottom, worn.shoes
    depth = np.zeros(len(part), np.float32)
    flare = 1 + 0.8 * np.clip((0.30 - canon[:, 2]) / 0.25, 0, 1)
    depth[bottom] = (appearance.bottom.looseness * flare)[bottom]
    waist = 1 + 0.5 * np.clip((0.62 - canon[:, 2]) / 0.1, 0, 1)
    depth[top] = (appearance.top.looseness * waist)[top]
    depth[shoes] = 0.010
    scalp = _scalp(part, canon)
    depth[scalp] = _SCALP_THICKNESS[physique.hair] * np.clip((canon[:, 2] - 0.87) / 0.09, 0.2, 1)[scalp]
    return depth


def wear(appearance: Appearance, part: Ints, canon: Floats, arm: Floats) -> Worn:
    """Lay the outfit over points of the body."""
    x, y, z = canon.T
    trunk = (part == Part.TORSO) | (part == Part.LEG)
    neckline = np.where(y < -0.02, 0.838 - np.clip(0.030 - np.abs(x), 0, 0.030), 0.858)
    collar = (trunk | (part == Part.HEAD)) & (z < neckline)
    top = (collar & (z > appearance.hem)) | ((part == Part.ARM) & (arm < appearance.sleeve))
    shoes = (part == Part.FOOT) | ((part == Part.LEG) & (z < appearance.shoe_top))
    bottom = trunk & ~top & (z > appearance.cuff) & (z < 0.7)
    return Worn(top, bottom, shoes & ~bottom)


def _pattern(garment: Garment, canon: Floats, arm: Floats, *, legs: bool) -> Floats:
    """sRGB colours of a garment's points."""
    x, y, z = canon.T
    match garment.pattern:
        case Pattern.PLAIN:
            second = np.zeros(len(x), bool)
        case Pattern.STRIPES:
            second = np.where(arm > 0.05, np.floor(arm * 7) % 2 == 1, np.floor(z / 0.028) % 2 == 1)
        case Pattern.BLOCKS:
            second = np.where(arm > 0.05, arm < 0.28, z > 0.735)
        case Pattern.PANEL if legs:
            second = (np.abs(x) > 0.115) & (np.abs(y + 0.005) < 0.016)
        case Pattern.PANEL:
            second = (np.abs(x) < 0.034) & (y < -0.01) & (arm < 0.05)
    result: Floats = np.where(
        second[:, None], np.array(garment.second, np.float32), np.array(garment.colour, np.float32)
    )
    return result


def _scalp(part: Ints, canon: Floats) -> Mask:
    return (part == Part.HEAD) & (canon[:, 2] > np.interp(canon[:, 1], _HAIRLINE_Y, _HAIRLINE_Z))


def _face(colour: Floats, appearance: Appearance, physique: Physique, part: Ints, canon: Floats) -> None:
    """Hair on the head, brows, eyes, lips and beard, written into `colour`."""
    x, y, z = np.abs(canon[:, 0]), canon[:, 1], canon[:, 2]
    head = part == Part.HEAD
    skin, hair = np.array(appearance.skin, np.float32), np.array(physique.hair_colour, np.float32)
    front = head & (y < -0.055)
    colour[front & (z > 0.893) & (z < 0.903) & (x < 0.014)] = skin * np.array([0.86, 0.62, 0.62], np.float32)
    if physique.beard:
        jaw = head & (y < -0.02) & (z > 0.86) & (z < 0.912) & ~(front & (z > 0.896) & (z < 0.902) & (x < 0.012))
        colour[jaw] = 0.3 * skin + 0.7 * hair
    colour[front & (z > 0.945) & (z < 0.951) & (x > 0.008) & (x < 0.029)] = 0.25 * skin + 0.75 * hair * 0.8
    colour[part == Part.EYE] = (0.16, 0.12, 0.10)
    share = 0.55 if physique.hair is HairCut.SHAVED else 1.0
    colour[_scalp(part, canon)] = share * hair + (1 - share) * skin


def _straps(physique: Physique, part: Ints, canon: Floats) -> Mask:
    """Where a bag's straps lie on the trunk (and over the shoulder, part of which moves with the arm)."""
    x, y, z = canon.T
    trunk = (part == Part.TORSO) | ((part == Part.ARM) & (z > 0.79))
    match physique.bag:
        case BagKind.BACKPACK:
            band = (np.abs(x) > 0.052) & (np.abs(x) < 0.074)
            return trunk & band & (z > 0.66) & ((y < -0.005) | (z > 0.80))
        case BagKind.SHOULDER:
            across = x if physique.left else -x
            return trunk & (np.abs(z - (0.835 - (across + 0.06) * 1.75)) < 0.021) & (z > 0.55)
        case _:
            return np.zeros(len(part), bool)
