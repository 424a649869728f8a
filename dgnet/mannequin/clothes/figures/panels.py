"""Figures that follow the cut of a garment: hoops, a yoke, a front panel, a stripe along the leg, a sole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import Points


@dataclass(frozen=True, slots=True)
class Hoops:
    """Horizontal bands around trunk and sleeves."""

    def share(self, points: Points) -> Floats:
        z, arm = points.xyz[2], points.arm
        return np.where(points.sleeve, np.floor(arm * 7) % 2 == 1, np.floor(z / 0.028) % 2 == 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Yoke:
    """Everything above a height, and the sleeve down to `arm`: shoulders and chest of another colour."""

    height: float = 0.735
    arm: float = 0.28

    def share(self, points: Points) -> Floats:
        z = points.xyz[2]
        return np.where(points.sleeve, points.arm < self.arm, z > self.height).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Sleeves:
    """The sleeves, as those of a baseball shirt."""

    def share(self, points: Points) -> Floats:
        return points.sleeve.astype(np.float32)


@dataclass(frozen=True, slots=True)
class FrontPanel:
    """A vertical panel in front: an open jacket over a shirt, where that shirt is nothing but a colour."""

    half: float = 0.034

    def share(self, points: Points) -> Floats:
        x, y, _ = points.xyz
        return ((np.abs(x) < self.half) & (y < -0.01) & ~points.sleeve).astype(np.float32)


@dataclass(frozen=True, slots=True)
class SideStripe:
    """A stripe along the outer side of a trouser leg."""

    def share(self, points: Points) -> Floats:
        x, y, _ = points.xyz
        return ((np.abs(x) > 0.115) & (np.abs(y + 0.005) < 0.016)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Below:
    """Everything below a height: a sole, a hem, the lower of two colour blocks."""

    height: float

    def share(self, points: Points) -> Floats:
        return (points.xyz[2] < self.height).astype(np.float32)
