"""Colour and thickness of a dressed body, as functions of where a point lies on the neutral body.

Colour is evaluated per fragment, so that seams and stripes are sharp at every image size; thickness is evaluated per
vertex, and makes sleeves, hems and hair stand off the body.
"""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.bags import straps
from dgnet.mannequin.body.hairline import scalp
from dgnet.mannequin.body.mesh import Floats, Ints
from dgnet.mannequin.body.physique import HairCut, HatKind, Physique
from dgnet.mannequin.clothes.garment import Appearance, wear
from dgnet.mannequin.clothes.points import Points

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
_UNDER_A_HAT = 0.006


def albedo(appearance: Appearance, physique: Physique, outermost: Ints, points: Points) -> Floats:
    """sRGB colour P x 3 of points of the body; `outermost` (P) is what `wear` found."""
    colour = np.empty((len(points), 3), np.float32)
    colour[:] = appearance.skin
    _face(colour, appearance, physique, points)
    for index, garment in enumerate(appearance.garments):
        own = outermost == index
        if own.any():
            colour[own] = garment.cloth.colours(points[own])
    colour[straps(physique, points.part, points.canon)] = physique.bag_colour
    return colour


def thickness(appearance: Appearance, physique: Physique, points: Points) -> Floats:
    """How far (metres) each vertex stands off the body."""
    outermost = wear(appearance, points)
    depth = np.zeros(len(points), np.float32)
    hair = scalp(points.part, points.canon)
    most = _SCALP_THICKNESS[physique.hair]
    if physique.hat is not HatKind.NONE:
        most = min(most, _UNDER_A_HAT)
    depth[hair] = most * np.clip((points.canon[:, 2] - 0.87) / 0.09, 0.2, 1)[hair]
    for index, garment in enumerate(appearance.garments):
        own = outermost == index
        depth[own] = (garment.looseness * garment.cut.stand_off(points))[own]
    return depth


def _face(colour: Floats, appearance: Appearance, physique: Physique, points: Points) -> None:
    """Hair on the head, brows, eyes, lips, beard, glasses and mask, written into `colour`."""
    part, canon = points.part, points.canon
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
    if physique.mask is not None:
        colour[head & (y < -0.045) & (z > 0.866) & (z < 0.922)] = physique.mask
    if physique.glasses:
        colour[head & (y < -0.03) & (z > 0.929) & (z < 0.943) & (x > 0.006)] = (0.05, 0.05, 0.06)
        colour[part == Part.EYE] = (0.05, 0.05, 0.06)
    share = 0.55 if physique.hair is HairCut.SHAVED else 1.0
    colour[scalp(part, canon)] = share * hair + (1 - share) * skin
