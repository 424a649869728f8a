"""Light on a person: sun with cast shadows, sky and ground, and the creases of cloth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.mesh import Floats, Ints
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.zbuffer import rasterise

Vector = tuple[float, float, float]

_MAP_SIZE = 160  # pixels of the shadow map, which spans
_MAP_SPAN = 2.4  # metres
_BIAS = 0.035  # metres: nearer than this, nothing shadows itself


@dataclass(frozen=True, slots=True)
class Edge:
    """The edge of a large shadow over the scene, a building's say.

    The line's normal has `angle` (radians) and passes the image's middle at `offset` (image heights); beyond it the
    light is multiplied by `strength`; the edge is `soft` image heights wide.
    """

    angle: float
    offset: float
    strength: float
    soft: float

    def over(self, image: Floats) -> Floats:
        """`image` (H x W x 3) in this shadow."""
        height, width = image.shape[:2]
        row, column = np.mgrid[0:height, 0:width].astype(np.float32)
        x, y = (column + 0.5 - width / 2) / height, (row + 0.5) / height - 0.5
        beyond = np.clip((x * np.cos(self.angle) + y * np.sin(self.angle) - self.offset) / self.soft + 0.5, 0, 1)
        result: Floats = image * (1 - (1 - self.strength) * beyond[..., None]).astype(np.float32)
        return result


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a scene.

    `sun` points to the light (x right, y away from the camera, z up); `key`, `sky` and `ground` are the colours of
    direct light, of light from above and from below; `hardness` is how dark its cast shadows are (0: there are none),
    `contact` how dark the ground is under the feet.
    """

    sun: Vector
    key: Colour
    sky: Colour
    ground: Colour
    hardness: float = 1.0
    contact: float = 0.55
    edge: Edge | None = None

    @property
    def direction(self) -> Floats:
        """Unit vector to the light."""
        sun = np.array(self.sun, np.float32)
        unit: Floats = sun / np.float32(np.linalg.norm(sun))
        return unit


def shade(colour: Floats, normals: Floats, shadow: Floats, light: Light) -> Floats:
    """Lit sRGB of surfaces: sRGB `colour` P x 3, `normals` P x 3 in camera axes, `shadow` P in [0, 1]."""
    normals = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-9))
    facing = np.clip((normals @ light.direction + 0.25) / 1.25, 0, 1) * (1 - 0.85 * light.hardness * shadow)
    up = (normals[:, 2:] + 1) / 2
    sky, ground, key = (np.array(part, np.float32) for part in (light.sky, light.ground, light.key))
    ambient = (sky * up + ground * (1 - up)) * (1 - 0.25 * light.hardness * shadow[:, None])
    total = ambient + key * facing[:, None] * np.float32(0.8)
    linear = np.power(colour, np.float32(2.2)) * total
    lit: Floats = np.power(np.clip(linear, 0, 4), np.float32(1 / 2.2))
    return lit


def cast_shadow(vertices: Floats, faces: Ints, places: Floats, light: Light) -> Floats:
    """How much of the sun a mesh hides from each of `places` (P x 3), in [0, 1]. All in camera axes, metres."""
    if light.hardness == 0:
        return np.zeros(len(places), np.float32)
    sun = light.direction
    right = np.cross(np.eye(3, dtype=np.float32)[np.abs(sun).argmin()], sun)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, sun), -sun]).astype(np.float32)  # x right, y down, depth away from the sun
    centre = vertices.mean(0)
    scale = np.array([_MAP_SIZE / _MAP_SPAN, _MAP_SIZE / _MAP_SPAN, 1], np.float32)
    middle = np.array([_MAP_SIZE / 2, _MAP_SIZE / 2, 0], np.float32)

    def seen_from_sun(points: Floats) -> Floats:
        result: Floats = ((points - centre) @ axes.T) * scale + middle
        return result

    from_sun, place = seen_from_sun(vertices), seen_from_sun(places)
    nearest = np.full(_MAP_SIZE * _MAP_SIZE, np.inf, np.float32)
    fragments = rasterise(from_sun[:, :2], from_sun[:, 2], faces, _MAP_SIZE, _MAP_SIZE)
    nearest[fragments.pixel] = fragments.depth

    hidden = np.zeros(len(place), np.float32)
    corner = np.floor(place[:, :2] - 0.5)
    share = place[:, :2] - 0.5 - corner
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = (np.clip(corner[:, k] + d, 0, _MAP_SIZE - 1).astype(np.int64) for k, d in ((0, dx), (1, dy)))
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            hidden += weight * (nearest[y * _MAP_SIZE + x] < place[:, 2] - _BIAS)
    return hidden


def creases(cloth: npt.NDArray[np.bool_], canon: Floats) -> Floats:
    """Tilts P x 3 (camera axes) of the normals where `cloth` (P) folds: most at the waist, the knees and the ankles."""
    x, y, z = canon.T
    depth = sum((0.18 * np.exp(-(((z - middle) / 0.035) ** 2)) for middle in (0.58, 0.29, 0.10)), np.full_like(z, 0.05))
    bend = 5 * np.sin(x * 31 + z * 23) + 4 * np.sin(y * 47 - z * 17 + 2)
    wave = np.sin(z * 120 + bend) + 0.6 * np.sin(z * 67 - 1.3 * bend + x * 90)
    tilt = np.zeros_like(canon)
    tilt[:, 2] = np.where(cloth, depth * wave, 0)
    tilt[:, 0] = 0.5 * tilt[:, 2] * np.sin(bend)
    return tilt
