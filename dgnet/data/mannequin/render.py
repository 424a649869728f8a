"""Rendering a person: `render(appearance, structure)` is the image of that body, in that moment, in those clothes.

Because both factors are arguments, `render(appearance_i, structure_j)` is the true swap x_ij.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.data.mannequin.accessories import accessories
from dgnet.data.mannequin.anatomy import PosedBody, anatomy
from dgnet.data.mannequin.backdrop import backdrop
from dgnet.data.mannequin.cameras import Camera, camera
from dgnet.data.mannequin.foreground import occlude
from dgnet.data.mannequin.gait import turn, walk
from dgnet.data.mannequin.identity import Structure
from dgnet.data.mannequin.mesh import Floats, Ints, NormalField
from dgnet.data.mannequin.paint import albedo, thickness
from dgnet.data.mannequin.sensor import expose
from dgnet.data.mannequin.wardrobe import Appearance
from dgnet.data.mannequin.zbuffer import rasterise

SAMPLES = 3  # a pixel's samples along each axis
DISTANCE = 7.0  # metres from camera to person
Image8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Scene:
    """Everything to be rasterised, before it is placed in the image: vertices and normals in metres, body axes."""

    vertices: Floats
    normals: Floats
    faces: Ints
    part: Ints
    canon: Floats
    arm: Floats


def render(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> Image8:
    """The image H x W x 3, sRGB."""
    return render_many([(appearance, structure)], size)[0]


def render_many(pairs: Sequence[tuple[Appearance, Structure]], size: tuple[int, int] = (128, 64)) -> list[Image8]:
    """Images of several (appearance, structure) pairs; posing bodies together is faster than one by one."""
    structures = [structure for _, structure in pairs]
    bodies = anatomy().pose([s.physique for s in structures], [_rotations(s) for s in structures])
    return [_draw(app, s, body, size)[0] for (app, s), body in zip(pairs, bodies, strict=True)]


def person_mask(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> Floats:
    """How much of each pixel (H x W, in [0, 1]) the person covers, before occluders and blur."""
    body = anatomy().pose([structure.physique], [_rotations(structure)])[0]
    return _draw(appearance, structure, body, size)[1]


def _rotations(structure: Structure) -> dict[str, Floats]:
    moment = structure.moment
    return walk(structure.physique, moment.phase, moment.stride, moment.arms, moment.gaze)


def _draw(
    appearance: Appearance, structure: Structure, body: PosedBody, size: tuple[int, int]
) -> tuple[Image8, Floats]:
    height, width = size
    moment = structure.moment
    view = camera(moment.camid)
    scene = _dress(appearance, structure, body)
    to_camera = turn("x", view.pitch) @ turn("z", -moment.azimuth)
    placement = _Placement.of(body, to_camera, moment.scale, moment.shift, size)

    seen = scene.vertices @ to_camera.T
    points = placement.project(seen) * SAMPLES
    fragments = rasterise(points, seen[:, 1], scene.faces, height * SAMPLES, width * SAMPLES)
    normals = fragments.interpolate(scene.faces, scene.normals) @ to_camera.T
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-9)
    colour = albedo(
        appearance,
        structure.physique,
        scene.part[scene.faces[fragments.face, 0]],
        fragments.interpolate(scene.faces, scene.canon),
        fragments.interpolate(scene.faces, scene.arm),
    )
    lit = _light(colour, normals, view)
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


@dataclass(frozen=True)
class _Placement:
    """Perspective projection, placed by the naked body's outline: clothes never move a person in the image."""

    scale: float
    centre: tuple[float, float]
    origin: tuple[float, float]
    feet: tuple[float, float, float]

    @staticmethod
    def of(
        body: PosedBody, to_camera: Floats, scale: float, shift: tuple[float, float], size: tuple[int, int]
    ) -> _Placement:
        height, width = size
        seen = body.vertices @ to_camera.T
        ratio = DISTANCE / (DISTANCE + seen[:, 1])
        up, right = seen[:, 2] * ratio, seen[:, 0] * ratio
        # A detector's box follows a person's height, though not wholly: half of it stays visible.
        pixels = scale * height / float(np.sqrt(np.ptp(up) * 1.70))
        centre = (width * (0.5 + shift[0]), height * (0.5 + shift[1]))
        origin = (float(right.min() + right.max()) / 2, float(up.min() + up.max()) / 2)
        ground = float(up.min())
        half = float(np.ptp(right)) / 2
        feet = (centre[0], centre[1] - (ground - origin[1]) * pixels, half * pixels)
        return _Placement(pixels, centre, origin, feet)

    def project(self, seen: Floats) -> Floats:
        """Points V x 3 (camera axes, metres) to pixels V x 2."""
        ratio = DISTANCE / (DISTANCE + seen[:, 1])
        x = self.centre[0] + (seen[:, 0] * ratio - self.origin[0]) * self.scale
        y = self.centre[1] - (seen[:, 2] * ratio - self.origin[1]) * self.scale
        return np.stack([x, y], 1).astype(np.float32)

    def shadow(self, size: tuple[int, int], view: Camera) -> Floats:
        """The soft shadow at the feet, H x W in [0, 1]."""
        row, column = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) + 0.5
        x, y, half = self.feet
        flat = 0.08 + 0.5 * np.sin(view.pitch)
        reach = 0.8 * half + 0.04 * size[0]
        dx = (column - x + view.sun[0] * reach * 0.5) / reach
        dy = (row - y + 0.012 * size[0]) / (reach * flat)
        result: Floats = 0.55 * np.exp(-1.4 * (dx**2 + dy**2))
        return result


def _light(colour: Floats, normals: Floats, view: Camera) -> Floats:
    """Shaded sRGB: light from above and below by the normal's slope, and the sun, softened at its edge."""
    sun = np.array(view.sun, np.float32) / np.float32(np.linalg.norm(view.sun))
    facing = np.clip((normals @ sun + 0.25) / 1.25, 0, 1)[:, None]
    up = (normals[:, 2:] + 1) / 2
    sky, ground, key = (np.array(light, np.float32) for light in (view.sky, view.ground, view.key))
    light = sky * up + ground * (1 - up) + key * facing * np.float32(0.75)
    linear = np.power(colour, np.float32(2.2)) * light
    lit: Floats = np.power(np.clip(linear, 0, 4), np.float32(1 / 2.2))
    return lit


def _resolve(pixel: Ints, colour: Floats, height: int, width: int) -> tuple[Floats, Floats]:
    """Mean of each pixel's samples: colour times cover (H x W x 3), and cover (H x W)."""
    row, column = np.divmod(pixel, width * SAMPLES)
    target = (row // SAMPLES) * width + column // SAMPLES
    area, count = SAMPLES**2, height * width
    cover = (np.bincount(target, minlength=count) / area).astype(np.float32)
    channels = [np.bincount(target, weights=colour[:, k], minlength=count) / area for k in range(3)]
    return np.stack(channels, -1).astype(np.float32).reshape(height, width, 3), cover.reshape(height, width)
