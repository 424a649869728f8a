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
from dgnet.mannequin.body.mesh import Floats, Ints, Mesh, NormalField
from dgnet.mannequin.clothes.cloth import Cloth
from dgnet.mannequin.clothes.garment import Appearance, creased, wear
from dgnet.mannequin.clothes.hanging import hang
from dgnet.mannequin.clothes.paint import albedo, thickness
from dgnet.mannequin.clothes.points import Points
from dgnet.mannequin.scene.light import cast_shadow, creases, shade
from dgnet.mannequin.scene.placement import Placement
from dgnet.mannequin.scene.sensor import deliver, expose
from dgnet.mannequin.structure import Structure
from dgnet.mannequin.zbuffer import Fragments, rasterise

_BODY = -1


@dataclass(frozen=True)
class _Piece:
    """A mesh on the body that is not of it (metres, body axes): hair, a bag, a skirt."""

    mesh: Mesh
    canon: Floats
    cloth: Cloth
    creases: bool


@dataclass(frozen=True)
class _Scene:
    """Everything to be rasterised, before it is placed in the image: vertices and normals in metres, body axes.

    `piece` (V) is an index into `pieces`, or -1 on the body itself.
    """

    vertices: Floats
    normals: Floats
    faces: Ints
    part: Ints
    canon: Floats
    arm: Floats
    piece: Ints
    pieces: list[_Piece]


@dataclass(frozen=True)
class Layers:
    """What an image is put together from, before it is exposed: the person's light times cover, and cover."""

    light: Floats
    cover: Floats
    ground_shadow: Floats


def render(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> ImagesU8:
    """The image H x W x 3, sRGB."""
    moment = structure.moment
    native = moment.camera.native_size(size)
    person = render_person(appearance, structure, native)
    image = moment.backdrop.paint(*native)
    image = image * (1 - person.ground_shadow[..., None])
    image = image * (1 - person.cover[..., None]) + person.light
    if moment.light.edge is not None:
        image = moment.light.edge.over(image)
    for occluder in moment.occluders:
        image = occluder.over(image)
    return deliver(expose(image, moment.camera, moment.exposure, moment.noise_seed), moment.camera, size)


def person_mask(appearance: Appearance, structure: Structure, size: tuple[int, int] = (128, 64)) -> Floats:
    """How much of each pixel (H x W, in [0, 1]) the person covers, before occluders and blur."""
    return render_person(appearance, structure, size).cover


def render_person(appearance: Appearance, structure: Structure, size: tuple[int, int]) -> Layers:
    """The person alone, lit."""
    height, width = size
    moment = structure.moment
    view, light = moment.camera, moment.light
    rotations = walk(structure.physique, moment.phase, moment.stride, moment.arms, moment.gaze)
    body = anatomy().pose(structure.physique, rotations)
    scene = _dress(appearance, structure, body)
    to_camera = turn("x", view.pitch) @ turn("z", -moment.azimuth)
    if view.roll:
        to_camera = turn("y", view.roll) @ to_camera
    placement = Placement.of(body, to_camera, moment.scale, moment.shift, size, view.distance)

    seen = scene.vertices @ to_camera.T
    points = placement.project(seen) * view.samples
    fragments = rasterise(points, seen[:, 1], scene.faces, height * view.samples, width * view.samples)
    surface = np.concatenate([scene.normals, scene.canon, seen, scene.arm[:, None]], 1)
    normals, canon, places, arm = np.split(fragments.interpolate(scene.faces, surface), [3, 6, 9], axis=1)
    corner = scene.faces[fragments.face, 0]
    colour, cloth = _colour(appearance, structure, scene, corner, Points(scene.part[corner], canon, arm[:, 0]))
    normals = normals @ to_camera.T + creases(cloth, canon)
    lit = shade(colour, normals, cast_shadow(seen, scene.faces, places, light), light)
    person, cover = _resolve(fragments, lit, height, width, view.samples)
    return Layers(person, cover, placement.shadow(size, view, light))


def _dress(appearance: Appearance, structure: Structure, body: PosedBody) -> _Scene:
    """The clothed body with everything that is tied to it or hangs from it."""
    model = anatomy()
    normals = model.normals(body.vertices)
    depth = thickness(appearance, structure.physique, Points(model.part, model.canon, model.arm))
    vertices, all_normals, faces = [body.vertices + normals * depth[:, None]], [normals], [model.faces]
    pieces = _pieces(appearance, structure, body)
    start = len(body.vertices)
    for piece in pieces:
        vertices.append(piece.mesh.vertices)
        all_normals.append(NormalField(piece.mesh.faces, len(piece.mesh.vertices))(piece.mesh.vertices))
        faces.append(piece.mesh.faces + start)
        start += len(piece.mesh.vertices)
    counts = [len(piece.mesh.vertices) for piece in pieces]
    return _Scene(
        vertices=np.concatenate(vertices),
        normals=np.concatenate(all_normals),
        faces=np.concatenate(faces),
        part=np.concatenate([model.part, np.full(sum(counts), _BODY)]),
        canon=np.concatenate([model.canon, *(piece.canon for piece in pieces)]),
        arm=np.concatenate([model.arm, np.full(sum(counts), -0.2, np.float32)]),
        piece=np.repeat(np.arange(_BODY, len(pieces)), [len(body.vertices), *counts]),
        pieces=pieces,
    )


def _pieces(appearance: Appearance, structure: Structure, body: PosedBody) -> list[_Piece]:
    model, pieces = anatomy(), []
    for item in accessories(structure.physique, hooded=appearance.hides_hair):
        bone = model.bones[item.bone]
        mesh = item.placed(body, bone, model.canon_heads[bone])
        pieces.append(_Piece(mesh, np.zeros_like(mesh.vertices), Cloth(item.colour), creases=False))
    for garment in appearance.garments:
        if garment.skirt is not None:
            mesh, canon = hang(garment, garment.skirt, body, model)
            pieces.append(_Piece(mesh, canon, garment.cloth, garment.creases))
    return pieces


def _colour(
    appearance: Appearance, structure: Structure, scene: _Scene, corner: Ints, points: Points
) -> tuple[Floats, np.ndarray]:
    """sRGB colour (P x 3) of fragments and whether they are of cloth that creases (P); `corner` is a vertex of each."""
    outermost = wear(appearance, points)
    colour = albedo(appearance, structure.physique, outermost, points)
    cloth = creased(appearance, outermost)
    owner = scene.piece[corner]
    for index, piece in enumerate(scene.pieces):
        own = owner == index
        if own.any():
            colour[own] = piece.cloth.colours(points[own])
            cloth[own] = piece.creases
    return colour, cloth


def _resolve(fragments: Fragments, colour: Floats, height: int, width: int, samples: int) -> tuple[Floats, Floats]:
    """Mean of each pixel's samples: colour times cover (H x W x 3), and cover (H x W)."""
    row, column = np.divmod(fragments.pixel, width * samples)
    target = (row // samples) * width + column // samples
    area, count = samples**2, height * width
    cover = (np.bincount(target, minlength=count) / area).astype(np.float32)
    channels = [np.bincount(target, weights=colour[:, k], minlength=count) / area for k in range(3)]
    return np.stack(channels, -1).astype(np.float32).reshape(height, width, 3), cover.reshape(height, width)
