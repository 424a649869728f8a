"""All that is tied to a body: hair, hat, bag and the rest, as meshes in the coordinates of `anatomy`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.anatomy import PosedBody
from dgnet.mannequin.body.bags import bag_mesh
from dgnet.mannequin.body.extras import extra_meshes
from dgnet.mannequin.body.headwear import FITS_NO_HAT, hair_mesh, hat_mesh
from dgnet.mannequin.body.mesh import Mesh
from dgnet.mannequin.body.physique import HatKind, Physique
from dgnet.mannequin.colour import Colour

_DARK = (0.12, 0.12, 0.13)


@dataclass(frozen=True)
class Accessory:
    """A mesh that follows `bone`; when `upright`, it follows the bone's place only and hangs straight down."""

    colour: Colour
    bone: str
    mesh: Mesh
    upright: bool = False

    def placed(self, body: PosedBody, bone: int, canon_head: np.ndarray) -> Mesh:
        """The mesh on a posed body; `bone` is the bone's index, `canon_head` where it starts on the neutral body."""
        rotation = np.eye(3, dtype=np.float32) if self.upright else body.bone_rotations[bone]
        return Mesh(self.mesh.vertices - canon_head, self.mesh.faces).moved(
            rotation * np.float32(body.stature), body.bone_heads[bone]
        )


def accessories(physique: Physique, *, hooded: bool = False) -> list[Accessory]:
    """All that is tied to this body. A hood that is up hides hair and hat."""
    found = []
    hatted = physique.hat is not HatKind.NONE
    hair = hair_mesh(physique.hair)
    if hair is not None and not hooded and not (hatted and physique.hair in FITS_NO_HAT):
        found.append(Accessory(physique.hair_colour, "head", hair))
    bag = bag_mesh(physique.bag, physique.left)
    if bag is not None:
        bone, mesh, upright = bag
        found.append(Accessory(physique.bag_colour, bone, mesh, upright))
    hat = hat_mesh(physique.hat)
    if hat is not None and not hooded:
        found.append(Accessory(physique.hat_colour, "head", hat))
    extra = extra_meshes(physique.extra, not physique.left)
    if extra is not None:
        for colour, mesh in zip((physique.extra_colour, _DARK), extra, strict=True):
            found.append(Accessory(colour, "root", mesh, upright=True))
    return found
