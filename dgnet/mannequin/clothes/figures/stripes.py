"""Stripes at any angle, and checks, which are two sets of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import Points


@dataclass(frozen=True, slots=True)
class Stripes:
    """One stripe in every `width` (statures) of cloth, `fill` of it wide; `angle` 0 runs around the body (radians)."""

    width: float
    fill: float
    angle: float = 0.0
    phase: float = 0.0

    def share(self, points: Points) -> Floats:
        around, up = points.on_cloth()
        across = up * math.cos(self.angle) + around * math.sin(self.angle)
        return ((across / self.width + self.phase) % 1 < self.fill).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Checks:
    """Stripes both ways: where both lie the figure covers wholly, where one does, half."""

    width: float
    fill: float
    angle: float = 0.0

    def share(self, points: Points) -> Floats:
        first, second = (Stripes(self.width, self.fill, self.angle + turn).share(points) for turn in (0, math.pi / 2))
        both: Floats = (first + second) * np.float32(0.5)
        return both
