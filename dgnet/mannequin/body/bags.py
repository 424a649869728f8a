"""Bags: meshes tied to a bone, and their straps on the trunk. Coordinates of `anatomy`, in statures."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.mesh import Floats, Ints, Mesh, joined, superellipsoid
from dgnet.mannequin.body.physique import BagKind, Physique


@functools.cache
def bag_mesh(kind: BagKind, left: bool) -> tuple[str, Mesh, bool] | None:
    """(bone, mesh, upright) of a bag worn on that side, or nothing."""
    side, sign = ("L", 1.0) if left else ("R", -1.0)
    match kind:
        case BagKind.BACKPACK:
            body = superellipsoid((0.078, 0.042, 0.105), (0.0, 0.098, 0.715), 0.45)
            pocket = superellipsoid((0.055, 0.018, 0.050), (0.0, 0.145, 0.672), 0.4)
            return "spine02", joined([body, pocket]), False
        case BagKind.RUCKSACK:
            body = superellipsoid((0.095, 0.062, 0.150), (0.0, 0.120, 0.740), 0.4)
            roll = superellipsoid((0.100, 0.034, 0.034), (0.0, 0.115, 0.905), 0.6)
            return "spine02", joined([body, roll]), False
        case BagKind.SHOULDER:
            return "root", superellipsoid((0.026, 0.070, 0.055), (sign * 0.128, 0.015, 0.530), 0.35), False
        case BagKind.SATCHEL:
            return "root", superellipsoid((0.030, 0.090, 0.062), (sign * 0.135, 0.010, 0.500), 0.3), False
        case BagKind.TOTE:
            return "spine03", superellipsoid((0.030, 0.095, 0.085), (sign * 0.155, 0.015, 0.600), 0.3), False
        case BagKind.BELT:
            return "root", superellipsoid((0.060, 0.026, 0.026), (0.0, -0.105, 0.580), 0.5), False
        case BagKind.HAND:
            x, y, z = sign * 0.285, -0.13, 0.60
            sack = superellipsoid((0.020, 0.080, 0.080), (x, y, z - 0.185), 0.3)
            straps = [superellipsoid((0.004, 0.004, 0.05), (x, y + dy, z - 0.085), 0.5, 4, 6) for dy in (-0.03, 0.03)]
            return f"wrist.{side}", joined([sack, *straps]), True
        case BagKind.SUITCASE:
            x = sign * 0.17
            case = superellipsoid((0.085, 0.055, 0.145), (x, 0.26, 0.185), 0.25)
            rods = [superellipsoid((0.004, 0.004, 0.09), (x + dx, 0.22, 0.41), 0.5, 4, 6) for dx in (-0.04, 0.04)]
            return "root", joined([case, *rods]), True
        case _:
            return None


def straps(physique: Physique, part: Ints, canon: Floats) -> npt.NDArray[np.bool_]:
    """Where (P) a bag's straps lie on the trunk (and over the shoulder, part of which moves with the arm)."""
    x, y, z = canon.T
    trunk = (part == Part.TORSO) | ((part == Part.ARM) & (z > 0.79))
    across = x if physique.left else -x
    match physique.bag:
        case BagKind.BACKPACK | BagKind.RUCKSACK:
            band = (np.abs(x) > 0.052) & (np.abs(x) < 0.074)
            return trunk & band & (z > 0.66) & ((y < -0.005) | (z > 0.80))
        case BagKind.SHOULDER | BagKind.SATCHEL:
            return trunk & (np.abs(z - (0.835 - (across + 0.06) * 1.75)) < 0.021) & (z > 0.55)
        case BagKind.TOTE:
            return trunk & (np.abs(across - 0.085) < 0.011) & (z > 0.62)
        case BagKind.BELT:
            return trunk & (np.abs(z - 0.58) < 0.010)
        case _:
            return np.zeros(len(part), bool)
