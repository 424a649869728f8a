"""Cloth that hangs from the hips: skirts, and the lower halves of dresses and coats.

Such cloth spans both legs. Its sections are the convex hulls of the legs at several heights, by their support
function; a section is never much narrower than the one above it, because cloth falls straight down.
"""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.body.anatomy import Anatomy, Part, PosedBody
from dgnet.mannequin.body.mesh import Floats, Ints, Mesh, grid_faces
from dgnet.mannequin.clothes.garment import Garment, Skirt

_SECTORS, _RINGS = 28, 8
_TOP = 0.545  # statures: where cloth leaves the body
_ANGLE = np.linspace(0, 2 * np.pi, _SECTORS, endpoint=False, dtype=np.float32)  # 0 in front, then to the left
_OUTWARDS = np.stack([np.sin(_ANGLE), -np.cos(_ANGLE)], 1)


def hang(garment: Garment, skirt: Skirt, body: PosedBody, model: Anatomy) -> tuple[Mesh, Floats]:
    """The hanging part of a garment on a posed body (metres, body axes), and its vertices' `canon`."""
    heights = np.linspace(_TOP, skirt.hem, _RINGS, dtype=np.float32)
    below = (model.canon[:, 2] < _TOP + 0.03) & ((model.part == Part.TORSO) | (model.part == Part.LEG))
    legs = body.vertices[below]
    hips = model.bones["root"]
    foot = body.bone_heads[hips, 2] - model.canon_heads[hips, 2] * np.float32(body.stature)
    levels = foot + heights * np.float32(body.stature)
    band = 0.75 * float(levels[0] - levels[1]) + 0.01
    rings = []
    centre, reach = np.zeros(2, np.float32), np.zeros(_SECTORS, np.float32)
    for index, level in enumerate(levels):
        near = legs[np.abs(legs[:, 2] - level) < band][:, :2]
        fall = float(levels[0] - level)
        if len(near) > 8:
            middle = (near.max(0) + near.min(0)) / 2
            if index:
                middle = 0.5 * middle + 0.5 * centre
            own = ((near - middle) @ _OUTWARDS.T).max(0) + np.float32(garment.looseness)
            reach = np.maximum(own, 0.90 * reach + (centre - middle) @ _OUTWARDS.T)
            centre = middle
        folds = 1 + 0.05 * min(fall * 4, 1) * np.cos(skirt.pleats * _ANGLE) if skirt.pleats else 1.0
        radius = (reach + skirt.flare * fall) * folds
        rings.append(np.column_stack([centre + _OUTWARDS * radius[:, None], np.full(_SECTORS, level)]))
    # Rings from bottom to top face outwards when angles run counter-clockwise seen from above.
    vertices = np.concatenate(rings[::-1]).astype(np.float32)
    around = _OUTWARDS * np.array([0.10, 0.08], np.float32) - np.array([0, 0.02], np.float32)
    canon = np.concatenate([np.column_stack([around, np.full(_SECTORS, z)]) for z in heights[::-1]]).astype(np.float32)
    return Mesh(vertices, _faces(skirt)), canon


def _faces(skirt: Skirt) -> Ints:
    """Faces of the rings; cloth that is open in front shows its inside too."""
    faces = grid_faces(_RINGS, _SECTORS)
    if not skirt.open_by:
        return faces
    column = faces % _SECTORS
    angle = np.minimum(_ANGLE[column], 2 * np.pi - _ANGLE[column])
    faces = faces[(angle > skirt.open_by).any(1)]
    return np.concatenate([faces, faces[:, ::-1]])
