"""Rendering a person: `render(appearance, structure)` is the image of that body, in that moment, in those clothes.

Because both factors are arguments, `render(appearance_i, structure_j)` is the true swap x_ij.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.files.images import ImagesU8
from dgnet.mannequin.body.accessories import accessories
from dgnet.mannequin.body.anatomy import PosedBody, anatomy
from dgnet.mannequin.body.gait import turn, walk
from dgnet.mannequin.body.mesh import Floats, Ints, NormalField
from dgnet.mannequin.clothes.paint import albedo, thickness, wear
from dgnet.mannequin.clothes.wardrobe import Appearance
from dgnet.mannequin.identity import Structure
from dgnet.mannequin.scene.backdrop import backdrop
from dgnet.mannequin.scene.cameras import camera
from dgnet.mannequin.scene.foreground import occlude
from dgnet.mannequin.scene.light import cast_shadow, creases, shade
from dgnet.mannequin.scene.placement import Placement
from dgnet.mannequin.scene.sensor import expose
from dgnet.mannequin.zbuffer import rasterise

SAMPLES = 3  # a pixel's samples along each axis


@dataclass(frozen=True)
class _Scene:
    """Everything to be rasterised, before it is placed in the image: vertices and normals in metres, body axes."""

    vertices: Floats
    normals: Floats
    faces: Ints
    part: Ints
    canon: Floats
    arm: Floats


def render(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> ImagesU8:
    """The image H x W x 3, sRGB."""
    return _draw(appearance, structure, _pose(structure), size)[0]


def person_mask(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> Floats:
    """How much of each pixel (H x W, in [0, 1]) the person covers, before occluders and blur."""
    return _draw(appearance, structure, _pose(structure), size)[1]


def _pose(structure: Structure) -> PosedBody:
    moment = structure.moment
    rotations = walk(structure.physique, moment.phase, moment.stride, moment.arms, moment.gaze)
    return anatomy().pose(structure.physique, rotations)


def _draw(
    appearance: Appearance, structure: Structure, body: PosedBody, size: tuple[int, int]
) -> tuple[ImagesU8, Floats]:
    height, width = size
    moment = structure.moment
    view = camera(moment.camid)
    scene = _dress(appearance, structure, body)
    to_camera = turn("x", view.pitch) @ turn("z", -moment.azimuth)
    placement = Placement.of(body, to_camera, moment.scale, moment.shift, size)

    seen = scene.vertices @ to_camera.T
    points = placement.project(seen) * SAMPLES
    fragments = rasterise(points, seen[:, 1], scene.faces, height * SAMPLES, width * SAMPLES)
    part = scene.part[scene.faces[fragments.face, 0]]
    surface = np.concatenate([scene.normals, scene.canon, seen, scene.arm[:, None]], 1)
    normals, canon, places, arm = np.split(fragments.interpolate(scene.faces, surface), [3, 6, 9], axis=1)
    arm = arm[:, 0]
    worn = wear(appearance, part, canon, arm)
    colour = albedo(appearance, structure.physique, worn, part, canon, arm)
    normals = normals @ to_camera.T + creases(worn.top | worn.bottom, canon)
    lit = shade(colour, normals, cast_shadow(seen, scene.faces, places, view), view)
    person, cover = _resolve(fragments.pixel, lit, height, width)

    image = backdrop(view.backdrop, moment.place, moment.zoom, height, width)
    image = image * (1 - placement.shadow(size, view)[..., None])
    image = image * (1 - cover[..., None]) + person
    image = occlude(image, moment.occluder)
    return expose(image, view, moment), cover


def _dress(appearance: Appearance, structure: Structure, body: PosedBody) -> _Scene:
    """The clothed body with its hair and bag."""
    model = anatomy()
    normals = model.normals(body.vertices)
    depth = thickness(appearance, structure.physique, model.part, model.canon, model.arm)
    vertices, all_normals = [body.vertices + normals * depth[:, None]], [normals]
    faces, parts = [model.faces], [model.part]
    start = len(body.vertices)
    for item in accessories(structure.physique):
        bone = model.bones[item.bone]
        mesh = item.placed(body, bone, model.canon_heads[bone])
        vertices.append(mesh.vertices)
        all_normals.append(NormalField(mesh.faces, len(mesh.vertices))(mesh.vertices))
        faces.append(mesh.faces + start)
        parts.append(np.full(len(mesh.vertices), item.part, np.int64))
        start += len(mesh.vertices)
    extra = start - len(body.vertices)
    return _Scene(
        np.concatenate(vertices),
        np.concatenate(all_normals),
        np.concatenate(faces),
        np.concatenate(parts),
        np.concatenate([model.canon, np.zeros((extra, 3), np.float32)]),
        np.concatenate([model.arm, np.zeros(extra, np.float32)]),
    )


def _resolve(pixel: Ints, colour: Floats, height: int, width: int) -> tuple[Floats, Floats]:
    """Mean of each pixel's samples: colour times cover (H x W x 3), and cover (H x W)."""
    row, column = np.divmod(pixel, width * SAMPLES)
    target = (row // SAMPLES) * width + column // SAMPLES
    area, count = SAMPLES**2, height * width
    cover = (np.bincount(target, minlength=count) / area).astype(np.float32)
    channels = [np.bincount(target, weights=colour[:, k], minlength=count) / area for k in range(3)]
    return np.stack(channels, -1).astype(np.float32).reshape(height, width, 3), cover.reshape(height, width)
