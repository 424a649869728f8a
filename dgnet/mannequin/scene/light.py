"""Light on a person: sun with cast shadows, sky and ground, and the creases of cloth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.mesh import Floats, Ints
from dgnet.mannequin.scene.cameras import Camera
from dgnet.mannequin.zbuffer import rasterise

_MAP_SIZE = 160  # pixels of the shadow map, which spans
_MAP_SPAN = 2.4  # metres
_BIAS = 0.035  # metres: nearer than this, nothing shadows itself


def shade(colour: Floats, normals: Floats, shadow: Floats, view: Camera) -> Floats:
    """Lit sRGB of surfaces: sRGB `colour` P x 3, `normals` P x 3 in camera axes, `shadow` P in [0, 1]."""
    normals = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-9))
    facing = np.clip((normals @ _sun(view) + 0.25) / 1.25, 0, 1) * (1 - 0.85 * shadow)
    up = (normals[:, 2:] + 1) / 2
    sky, ground, key = (np.array(light, np.float32) for light in (view.sky, view.ground, view.key))
    light = (sky * up + ground * (1 - up)) * (1 - 0.25 * shadow[:, None]) + key * facing[:, None] * np.float32(0.8)
    linear = np.power(colour, np.float32(2.2)) * light
    lit: Floats = np.power(np.clip(linear, 0, 4), np.float32(1 / 2.2))
    return lit


def cast_shadow(vertices: Floats, faces: Ints, places: Floats, view: Camera) -> Floats:
    """How much of the sun a mesh hides from each of `places` (P x 3), in [0, 1]. All in camera axes, metres."""
    sun = _sun(view)
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


def _sun(view: Camera) -> Floats:
    sun = np.array(view.sun, np.float32)
    return sun / np.float32(np.linalg.norm(sun))
