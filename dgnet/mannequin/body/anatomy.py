"""The human body: `anny`'s parametric model, its parts, and the coordinates clothes are cut in.

Axes: x to the person's left, y backwards, z up, metres. Every body has the same vertices, so the *neutral* body's
rest position of a vertex says where on a body it lies, whoever's body it is: garments, hair lines and straps are drawn
in these coordinates (`Anatomy.canon`, in statures: sole z = 0, ankle 0.05, knee 0.29, crotch 0.47, hips 0.53, armpit
0.74, base of the neck 0.85, eyes 0.935, top of the head 1; x = y = 0 on the body's axis, the nose at y = -0.09).
"""

from __future__ import annotations

import enum
import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from dgnet.mannequin.body.mesh import Floats, Ints, NormalField
from dgnet.mannequin.body.physique import Physique

PHENOTYPES = ("gender", "age", "muscle", "weight", "height", "proportions")


class Part(enum.IntEnum):
    """Which part of the body a vertex moves with."""

    TORSO = 0
    ARM = 1
    HAND = 2
    LEG = 3
    FOOT = 4
    HEAD = 5
    EYE = 6


_GRAIN = {Part.HAND: 0.008, Part.FOOT: 0.009, Part.HEAD: 0.0045}  # statures, see _simplified
_PREFIXES = {
    Part.ARM: ("upperarm", "lowerarm"),
    Part.HAND: ("wrist", "finger", "metacarpal"),
    Part.LEG: ("upperleg", "lowerleg"),
    Part.FOOT: ("foot", "toe"),
    Part.HEAD: ("neck", "head"),
    Part.EYE: ("eye",),
}


@dataclass(frozen=True)
class PosedBody:
    """A body in a pose: vertices V x 3, and each bone's rotation from rest (B x 3 x 3) and head (B x 3)."""

    vertices: Floats
    bone_rotations: Floats
    bone_heads: Floats
    stature: float  # height at rest, metres


class Anatomy:
    """The body model, loaded once a process by `anatomy()`."""

    def __init__(self) -> None:
        try:
            import anny
        except ImportError as error:
            raise ModuleNotFoundError('rendering mannequins needs anny: pip install "dgnet[mannequin]"') from error
        import torch

        self._torch = torch
        self._model: Any = anny.Anny().to(dtype=torch.float32)
        self.bones = {label: index for index, label in enumerate(self._model.bone_labels)}
        self._kept: Ints = np.arange(len(self._model.template_vertices))
        rest = self.pose(Physique.neutral(), {})
        sole = np.array([0, 0, rest.vertices[:, 2].min()], np.float32)
        self.canon: Floats = (rest.vertices - sole) / np.float32(rest.stature)
        self.canon_heads: Floats = (rest.bone_heads - sole) / np.float32(rest.stature)
        self.part: Ints = self._parts()
        self._kept, self.faces = _simplified(self.canon, self.part, self._model.faces.numpy().astype(np.int64))
        self.canon, self.part = self.canon[self._kept], self.part[self._kept]
        self.arm: Floats = self._along_arm()
        self.normals = NormalField(self.faces, len(self.canon))

    def pose(self, physique: Physique, rotations: dict[str, Floats]) -> PosedBody:
        """The body with the named bones turned by 3 x 3 rotations (world axes at rest).

        One at a time: some processors round the products of several bodies otherwise than those of one, and an image
        must not depend on what is rendered beside it.
        """
        torch = self._torch
        turns = np.tile(np.eye(4, dtype=np.float32), (1, len(self.bones), 1, 1))
        for bone, rotation in rotations.items():
            turns[0, self.bones[bone], :3, :3] = rotation
        phenotype = {name: torch.tensor([getattr(physique, name)]) for name in PHENOTYPES}
        with torch.no_grad():
            out = self._model(pose_parameters=torch.from_numpy(turns), phenotype_kwargs=phenotype)
        pose, rest = out["bone_poses"][0].numpy(), out["rest_bone_poses"][0].numpy()
        return PosedBody(
            vertices=out["vertices"][0].numpy()[self._kept],
            bone_rotations=pose[:, :3, :3] @ rest[:, :3, :3].transpose(0, 2, 1),
            bone_heads=pose[:, :3, 3],
            stature=float(np.ptp(out["rest_vertices"][0].numpy()[:, 2])),
        )

    def _parts(self) -> Ints:
        weights, indices = self._model.vertex_bone_weights.numpy(), self._model.vertex_bone_indices.numpy()
        bone = indices[np.arange(len(indices)), weights.argmax(1)]
        part_of_bone = np.full(len(self.bones), Part.TORSO)
        for part, prefixes in _PREFIXES.items():
            for label, index in self.bones.items():
                if label.startswith(prefixes):
                    part_of_bone[index] = part
        return part_of_bone[bone].astype(np.int64)

    def _along_arm(self) -> Floats:
        """How far along the arm: shoulder 0, elbow 0.5, wrist 1, more on the hand; below 0 elsewhere."""
        along = np.full(len(self.canon), -0.2, np.float32)
        for side, sign in (("L", 1), ("R", -1)):
            joints = [self.canon_heads[self.bones[f"{bone}.{side}"]] for bone in ("upperarm01", "lowerarm01", "wrist")]
            own = np.isin(self.part, (Part.ARM, Part.HAND)) & (np.sign(self.canon[:, 0]) == sign)
            fractions = []
            for start, end in itertools.pairwise(joints):
                axis = end - start
                fractions.append((self.canon[own] - start) @ axis / (axis @ axis))
            upper, lower = fractions
            along[own] = np.where(lower > 0, 0.5 + 0.5 * lower, 0.5 * np.minimum(upper, 1))
        return along


def _simplified(canon: Floats, part: Ints, faces: Ints) -> tuple[Ints, Ints]:
    """Vertices to keep, and faces over them: close vertices of hands, feet and head become one.

    Three quarters of the model's faces are fingers, toes and the inside of the mouth; an image shows none of them.
    """
    size = np.zeros(len(part))
    for each, edge in _GRAIN.items():
        size[part == each] = edge
    cells = np.floor(canon / np.where(size > 0, size, 1)[:, None]).astype(np.int64)
    own = np.where(size > 0, -1, np.arange(len(part)))  # elsewhere every vertex is a cell of its own
    keys = np.concatenate([cells, part[:, None], own[:, None]], 1)
    keys[size == 0, :3] = 0
    _, first, cell = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    merged = first[cell.reshape(-1)][faces]
    a, b, c = merged.T
    merged = merged[(a != b) & (b != c) & (c != a)]
    kept, renumbered = np.unique(merged, return_inverse=True)
    return kept, renumbered.reshape(-1, 3)


@functools.cache
def anatomy() -> Anatomy:
    """The process's body model. The first use on a machine takes minutes: `anny` builds and caches its own files."""
    return Anatomy()
