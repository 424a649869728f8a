"""What stands behind people: one wide painted view per camera, from which each image shows a window.

Painted as functions of place: `u` runs along the view in view heights, `v` down it from 0 to 1. Below the foot of the
wall the ground is drawn in perspective.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.scene.noise import value_noise

HEIGHT, WIDTH = 448, 1568  # pixels of a view


class _View:
    """A canvas with the coordinates painters need; `foot` is where wall and ground meet (v)."""

    def __init__(self, seed: int, foot: float) -> None:
        self.seed, self.foot = seed, foot
        v, u = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) / HEIGHT
        self.u, self.v = u, v
        self.image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.is_ground = v > foot
        below = np.maximum(v - foot, 0) + 0.10
        self.far = 0.5 / below  # distance along the ground
        self.across = (u - WIDTH / HEIGHT / 2) / below * 0.25

    def noise(self, channel: int, frequency: float, octaves: int = 3) -> Floats:
        coarse = value_noise(self.seed * 31 + channel, self.u[::2, ::2], self.v[::2, ::2], frequency, octaves)
        return coarse.repeat(2, 0).repeat(2, 1)

    def ground_noise(self, channel: int, frequency: float) -> Floats:
        top = int(self.foot * HEIGHT) // 2 * 2
        whole = np.zeros_like(self.u)
        coarse = value_noise(self.seed * 31 + channel, self.across[top::2, ::2], self.far[top::2, ::2], frequency)
        whole[top:] = coarse.repeat(2, 0).repeat(2, 1)
        return whole

    def fill(self, mask: np.ndarray, colour: Colour, grain: Floats | float = 0.0) -> None:
        """Paint `colour`, lightened or darkened by `grain`."""
        shade = np.broadcast_to(1 + np.asarray(grain, np.float32), mask.shape)[mask]
        self.image[mask] = np.array(colour, np.float32) * shade[:, None]

    def box(self, u0: float, v0: float, u1: float, v1: float) -> np.ndarray:
        inside: np.ndarray = (self.u >= u0) & (self.u < u1) & (self.v >= v0) & (self.v < v1)
        return inside

    def tile(self, size: float, width: float, colour: Colour) -> None:
        """Joints of `width` between square tiles of `size` on the ground, faint where pixels are wider than they."""
        below = np.maximum(self.v - self.foot, 0) + 0.10
        cover = np.zeros_like(self.u)
        for place, footprint in ((self.across, 0.35 / below / HEIGHT), (self.far, 0.5 / below**2 / HEIGHT)):
            distance = np.abs(place / size - np.round(place / size)) * size
            soft = np.clip((width / 2 + footprint / 2 - distance) / footprint, 0, 1)
            cover = np.maximum(cover, soft * np.minimum(1, width / footprint))
        cover = (cover * self.is_ground)[..., None]
        self.image = self.image * (1 - cover) + np.array(colour, np.float32) * cover


def _plaza(view: _View) -> None:
    view.fill(~view.is_ground, (0.74, 0.70, 0.63), 0.06 * view.noise(0, 3))
    view.fill(~view.is_ground & ((view.v % 0.16) < 0.006), (0.60, 0.56, 0.50))
    for k in range(9):
        u = 0.14 + k * 0.40
        view.fill(view.box(u, 0.0, u + 0.19, 0.40), (0.26, 0.33, 0.39), 0.25 * view.noise(1 + k, 2))
        view.fill(view.box(u + 0.09, 0.0, u + 0.098, 0.40), (0.62, 0.60, 0.57))
        view.fill(view.box(u - 0.012, 0.40, u + 0.202, 0.418), (0.82, 0.79, 0.72))
    view.fill(view.is_ground, (0.63, 0.60, 0.55), 0.07 * view.ground_noise(20, 3))
    view.tile(0.5, 0.02, (0.48, 0.45, 0.41))


def _park(view: _View) -> None:
    leaves = view.noise(0, 9, 5)
    view.fill(~view.is_ground, (0.24, 0.36, 0.17), 0.42 * leaves)
    sky = ~view.is_ground & (view.v + 0.10 * view.noise(1, 4) < 0.09)
    view.fill(sky, (0.78, 0.84, 0.88))
    for k, (u, half) in enumerate(((0.3, 0.028), (0.95, 0.018), (1.6, 0.035), (2.3, 0.022), (3.0, 0.03))):
        trunk = (np.abs(view.u - u - 0.02 * np.sin(view.v * 5 + k)) < half) & (view.v < view.foot + 0.02)
        view.fill(trunk, (0.30, 0.23, 0.16), 0.3 * view.noise(2 + k, 14))
    view.fill(view.is_ground, (0.38, 0.49, 0.22), 0.22 * view.ground_noise(10, 9))
    path = view.is_ground & (view.v > view.foot + 0.09 + 0.01 * np.sin(view.u * 5))
    view.fill(path, (0.66, 0.60, 0.50), 0.10 * view.ground_noise(11, 8))


def _street(view: _View) -> None:
    row = np.floor(view.v / 0.035)
    joint = ((view.v % 0.035) < 0.004) | (((view.u + 0.04 * (row % 2)) % 0.08) < 0.004)
    view.fill(~view.is_ground, (0.50, 0.29, 0.23), 0.12 * view.noise(0, 12))
    view.fill(~view.is_ground & joint, (0.58, 0.52, 0.47))
    for u, colour in ((0.35, (0.16, 0.28, 0.25)), (1.35, (0.45, 0.44, 0.42)), (2.45, (0.15, 0.18, 0.30))):
        view.fill(view.box(u, 0.02, u + 0.36, view.foot), colour, 0.08 * view.noise(1, 5))
        view.fill(view.box(u + 0.04, 0.06, u + 0.32, 0.20), (0.55, 0.62, 0.66), 0.2 * view.noise(2, 3))
    view.fill(view.is_ground, (0.60, 0.59, 0.58), 0.06 * view.ground_noise(3, 6))
    kerb = view.is_ground & (view.v > view.foot + 0.10)
    view.fill(kerb, (0.74, 0.73, 0.71))
    road = view.is_ground & (view.v > view.foot + 0.125)
    view.fill(road, (0.32, 0.33, 0.35), 0.12 * view.ground_noise(4, 12))
    view.fill(road & (np.abs(view.v - 0.90) < 0.012), (0.86, 0.85, 0.80))


def _corridor(view: _View) -> None:
    view.fill(~view.is_ground, (0.83, 0.80, 0.72), 0.03 * view.noise(0, 2))
    view.fill(~view.is_ground & (view.v > 0.30), (0.45, 0.56, 0.55), 0.03 * view.noise(1, 2))
    view.fill(~view.is_ground & (np.abs(view.v - 0.30) < 0.007), (0.30, 0.36, 0.36))
    view.fill(~view.is_ground & (view.v > view.foot - 0.02), (0.28, 0.27, 0.26))
    for k, u in enumerate((0.25, 0.95, 1.62, 2.3, 2.98)):
        view.fill(view.box(u, 0.0, u + 0.26, view.foot), (0.50, 0.33, 0.20), 0.10 * view.noise(3 + k, 5))
        view.fill(view.box(u - 0.015, 0.0, u, view.foot), (0.70, 0.68, 0.62))
        view.fill(view.box(u + 0.26, 0.0, u + 0.275, view.foot), (0.70, 0.68, 0.62))
        view.fill(view.box(u + 0.62, 0.05, u + 0.62 + 0.10, 0.17), (0.88, 0.88, 0.90))
    glare = 0.18 * np.clip(np.sin(view.u * 4.2), 0, 1) * np.clip(1.2 - 2.2 * (view.v - view.foot), 0, 1)
    view.fill(view.is_ground, (0.64, 0.60, 0.52), glare + 0.03 * view.ground_noise(12, 4))
    view.tile(0.35, 0.014, (0.53, 0.49, 0.42))


def _campus(view: _View) -> None:
    view.fill(~view.is_ground, (0.58, 0.64, 0.70), 0.16 * view.noise(0, 1.5))
    view.fill(~view.is_ground & ((view.u % 0.30) < 0.012), (0.30, 0.33, 0.37))
    view.fill(~view.is_ground & ((view.v % 0.22) < 0.010), (0.30, 0.33, 0.37))
    for u in (0.5, 1.3, 2.1, 2.9):
        light = 0.15 * np.cos((view.u - u - 0.06) * 24)
        view.fill(view.box(u, 0.0, u + 0.13, view.foot), (0.76, 0.75, 0.73), light + 0.04 * view.noise(2, 8))
    hedge = ~view.is_ground & (view.v > view.foot - 0.13 + 0.018 * view.noise(3, 10))
    view.fill(hedge, (0.20, 0.33, 0.15), 0.38 * view.noise(4, 14))
    view.fill(view.is_ground, (0.70, 0.46, 0.37), 0.08 * view.ground_noise(5, 7))
    view.tile(0.22, 0.014, (0.58, 0.38, 0.31))


def _evening(view: _View) -> None:
    view.fill(~view.is_ground, (0.20, 0.20, 0.25), 0.12 * view.noise(0, 3))
    for k, u in enumerate((0.10, 0.80, 1.50, 2.20, 2.90)):
        warm = ((0.90, 0.68, 0.36), (0.80, 0.76, 0.66), (0.92, 0.60, 0.30))[k % 3]
        view.fill(view.box(u, 0.08, u + 0.46, 0.46), warm, 0.30 * view.noise(1 + k, 5))
        view.fill(view.box(u + 0.15, 0.08, u + 0.16, 0.46), (0.16, 0.15, 0.17))
        view.fill(view.box(u + 0.31, 0.08, u + 0.32, 0.46), (0.16, 0.15, 0.17))
        sign = ((0.55, 0.16, 0.18), (0.15, 0.36, 0.38), (0.20, 0.22, 0.46))[k % 3]
        view.fill(view.box(u - 0.03, 0.0, u + 0.49, 0.075), sign)
    spill = 0.35 * np.clip(1 - 3 * (view.v - view.foot), 0, 1) * np.clip(np.sin((view.u - 0.10) * 8.976), 0, 1)
    view.fill(view.is_ground, (0.32, 0.30, 0.31), spill + 0.10 * view.ground_noise(9, 6))
    view.tile(0.4, 0.016, (0.24, 0.23, 0.24))


_PAINTERS = {
    "plaza": (_plaza, 0.60),
    "park": (_park, 0.55),
    "street": (_street, 0.64),
    "corridor": (_corridor, 0.68),
    "campus": (_campus, 0.58),
    "evening": (_evening, 0.62),
}


@functools.cache
def _view(name: str) -> Image.Image:
    painter, foot = _PAINTERS[name]
    view = _View(list(_PAINTERS).index(name) + 1, foot)
    painter(view)
    return Image.fromarray((np.clip(view.image, 0, 1) * 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the view `name`: at `place` (0 left end to 1 right end), `zoom` >= 1 times enlarged."""

    name: str
    place: float
    zoom: float

    def paint(self, height: int, width: int) -> Floats:
        """H x W x 3 in [0, 1]."""
        view = _view(self.name)
        tall = view.height / self.zoom
        wide = tall * width / height
        left, top = self.place * (view.width - wide), (view.height - tall) * 0.75
        window = view.resize(
            (width, height), Image.Resampling.BICUBIC, box=(left, top, left + wide, top + tall), reducing_gap=3
        )
        return np.asarray(window, np.float32) / np.float32(255)
