"""Cuts: which points of a body a garment covers, and how far it stands off there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.hairline import scalp
from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import Mask, Points


class Cut(Protocol):
    """The shape of a garment. Heights are statures on the neutral body (see `anatomy`)."""

    def covers(self, points: Points) -> Mask:
        """Which points (P) lie under it."""
        ...

    def stand_off(self, points: Points) -> Floats:
        """By what its looseness is multiplied at each point (P)."""
        ...


@dataclass(frozen=True, slots=True)
class Top:
    """Shirt, jacket or coat: down to `hem`, over `sleeve` of the arm (0 shoulder, 1 wrist).

    `collar` raises the neckline (statures); `open_by` is half the width by which it is open in front, `low` how far
    the neckline dips in front.
    """

    sleeve: float
    hem: float
    collar: float = 0.0
    open_by: float = 0.0
    low: float = 0.030

    def covers(self, points: Points) -> Mask:
        x, y, z = points.xyz
        dip = np.where(y < -0.02, 0.838 - np.clip(self.low - np.abs(x), 0, self.low), 0.858)
        neckline = dip + self.collar if self.collar else dip
        collared = (points.trunk | (points.part == Part.HEAD)) & (z < neckline)
        covered: Mask = (collared & (z > self.hem)) | ((points.part == Part.ARM) & (points.arm < self.sleeve))
        if self.open_by:
            # A jacket's fronts lie further apart at the hem than at the neck.
            half = self.open_by * (0.6 + 0.8 * np.clip((0.82 - z) / 0.3, 0, 1))
            covered &= points.sleeve | (y > -0.005) | (np.abs(x) > half)
        return covered

    def stand_off(self, points: Points) -> Floats:
        waist: Floats = 1 + 0.5 * np.clip((0.62 - points.xyz[2]) / 0.1, 0, 1)
        return waist


@dataclass(frozen=True, slots=True)
class Trousers:
    """Trousers, shorts, leggings and tights: from `waist` down to `cuff`. `flare` widens them below the knee."""

    cuff: float
    waist: float = 0.7
    flare: float = 0.8

    def covers(self, points: Points) -> Mask:
        z = points.xyz[2]
        return points.trunk & (z > self.cuff) & (z < self.waist)

    def stand_off(self, points: Points) -> Floats:
        wide: Floats = 1 + self.flare * np.clip((0.30 - points.xyz[2]) / 0.25, 0, 1)
        return wide


@dataclass(frozen=True, slots=True)
class Shoes:
    """Shoes or boots, up to `height`. `bare` leaves the instep free, as sandals and ballerinas do."""

    height: float
    bare: bool = False

    def covers(self, points: Points) -> Mask:
        z = points.xyz[2]
        shod: Mask = (points.part == Part.FOOT) | ((points.part == Part.LEG) & (z < self.height))
        if self.bare:
            shod &= (z < 0.022) | ((np.abs(points.xyz[1] + 0.02) < 0.018) & (z < 0.05))
        return shod

    def stand_off(self, points: Points) -> Floats:
        return np.ones(len(points), np.float32)


@dataclass(frozen=True, slots=True)
class Scarf:
    """Around the neck, over the collar."""

    def covers(self, points: Points) -> Mask:
        x, y, z = points.xyz
        round_neck = ((points.part == Part.TORSO) | (points.part == Part.HEAD)) & (z > 0.822) & (z < 0.868)
        ends = (points.part == Part.TORSO) & (np.abs(x - 0.022) < 0.018) & (y < -0.02) & (z > 0.68) & (z < 0.83)
        covered: Mask = (round_neck & (np.abs(x) < 0.07)) | ends
        return covered

    def stand_off(self, points: Points) -> Floats:
        return np.ones(len(points), np.float32)


@dataclass(frozen=True, slots=True)
class Hood:
    """A hood that is up: over scalp, ears and neck, around the face."""

    def covers(self, points: Points) -> Mask:
        _, y, z = points.xyz
        around = (points.part == Part.HEAD) & (z > 0.84) & (y > -0.045)
        return scalp(points.part, points.canon) | around

    def stand_off(self, points: Points) -> Floats:
        return np.ones(len(points), np.float32)
