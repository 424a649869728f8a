"""Irregular figures: camouflage, mottled cloth, gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import Points
from dgnet.mannequin.scene.noise import value_noise


@dataclass(frozen=True, slots=True)
class Patches:
    """Random patches, as of camouflage: about `size` (statures) wide, more of them the lower the `threshold` (-1..1).

    `soft` is the width of their edges in the noise's own units; a large one gives mottled cloth.
    """

    seed: int
    size: float
    threshold: float = 0.0
    soft: float = 0.05

    def share(self, points: Points) -> Floats:
        around, up = points.on_cloth()
        field = value_noise(self.seed, around + 3, up + 3, 1 / self.size, 2)
        share: Floats = np.clip((field - self.threshold) / self.soft + 0.5, 0, 1).astype(np.float32)
        return share


@dataclass(frozen=True, slots=True)
class Gradient:
    """From nothing at height `low` to everything at `high` (statures; `low` may be the higher)."""

    low: float
    high: float

    def share(self, points: Points) -> Floats:
        share: Floats = np.clip((points.on_cloth()[1] - self.low) / (self.high - self.low), 0, 1).astype(np.float32)
        return share
