"""Hair and bags as meshes, modelled on the neutral body (coordinates of `anatomy`, in statures) and tied to a bone."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.anatomy import Part, PosedBody
from dgnet.mannequin.body.mesh import Mesh, joined, superellipsoid, tube
from dgnet.mannequin.body.physique import BagKind, HairCut, Physique


@dataclass(frozen=True)
class Accessory:
    """A mesh that follows `bone`; when `upright`, it follows the bone's place only and hangs straight down."""

    part: Part
    bone: str
    mesh: Mesh
    upright: bool = False

    def placed(self, body: PosedBody, bone: int, canon_head: np.ndarray) -> Mesh:
        """The mesh on a posed body; `bone` is the bone's index, `canon_head` where it starts on the neutral body."""
        rotation = np.eye(3, dtype=np.float32) if self.upright else body.bone_rotations[bone]
        return Mesh(self.mesh.vertices - canon_head, self.mesh.faces).moved(
            rotation * np.float32(body.stature), body.bone_heads[bone]
        )


_LONG = [
    ((0.0, 0.050, 0.78), 0.036, 0.010),
    ((0.0, 0.046, 0.83), 0.050, 0.015),
    ((0.0, 0.026, 0.88), 0.054, 0.032),
    ((0.0, 0.004, 0.92), 0.059, 0.045),
    ((0.0, -0.012, 0.96), 0.059, 0.055),
    ((0.0, -0.018, 0.99), 0.045, 0.045),
    ((0.0, -0.018, 1.008), 0.018, 0.018),
]
_BOB = [
    ((0.0, 0.014, 0.872), 0.050, 0.032),
    ((0.0, 0.004, 0.895), 0.060, 0.044),
    ((0.0, -0.004, 0.93), 0.062, 0.051),
    ((0.0, -0.013, 0.965), 0.060, 0.056),
    ((0.0, -0.018, 0.995), 0.044, 0.044),
    ((0.0, -0.018, 1.010), 0.018, 0.018),
]


@functools.cache
def hair_mesh(cut: HairCut) -> Mesh | None:
    """What the cut adds to the scalp (which is thickened and coloured in any case), or nothing."""
    match cut:
        case HairCut.LONG:
            return tube(_LONG)
        case HairCut.BOB:
            return tube(_BOB)
        case HairCut.CURLY:
            return superellipsoid((0.072, 0.066, 0.058), (0.0, 0.004, 0.968))
        case HairCut.BUN:
            return superellipsoid((0.026, 0.024, 0.024), (0.0, 0.030, 0.992))
        case HairCut.TAIL:
            knot = superellipsoid((0.016, 0.018, 0.016), (0.0, 0.046, 0.962))
            tail = tube([((0.0, 0.066, 0.835), 0.006, 0.006), ((0.0, 0.068, 0.88), 0.017, 0.015),
                         ((0.0, 0.064, 0.93), 0.018, 0.016), ((0.0, 0.052, 0.96), 0.010, 0.012)])  # fmt: skip
            return joined([knot, tail])
        case _:
            return None


@functools.cache
def bag_mesh(kind: BagKind, left: bool) -> tuple[str, Mesh, bool] | None:
    """(bone, mesh, upright) of a bag worn on that side, or nothing."""
    side, sign = ("L", 1.0) if left else ("R", -1.0)
    match kind:
        case BagKind.BACKPACK:
            body = superellipsoid((0.078, 0.042, 0.105), (0.0, 0.098, 0.715), 0.45)
            pocket = superellipsoid((0.055, 0.018, 0.050), (0.0, 0.145, 0.672), 0.4)
            return "spine02", joined([body, pocket]), False
        case BagKind.SHOULDER:
            return "root", superellipsoid((0.026, 0.070, 0.055), (sign * 0.128, 0.015, 0.530), 0.35), False
        case BagKind.HAND:
            x, y, z = sign * 0.285, -0.13, 0.60
            sack = superellipsoid((0.020, 0.080, 0.080), (x, y, z - 0.185), 0.3)
            straps = [superellipsoid((0.004, 0.004, 0.05), (x, y + dy, z - 0.085), 0.5, 4, 6) for dy in (-0.03, 0.03)]
            return f"wrist.{side}", joined([sack, *straps]), True
        case _:
            return None


def accessories(physique: Physique) -> list[Accessory]:
    """All that is tied to this body."""
    found = []
    hair = hair_mesh(physique.hair)
    if hair is not None:
        found.append(Accessory(Part.HAIR, "head", hair))
    bag = bag_mesh(physique.bag, physique.left)
    if bag is not None:
        bone, mesh, upright = bag
        found.append(Accessory(Part.BAG, bone, mesh, upright))
    return found
