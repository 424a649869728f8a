"""Where a person stands in the image: the perspective projection, and the shadow at the feet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.anatomy import PosedBody
from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.scene.camera import Camera
from dgnet.mannequin.scene.light import Light


@dataclass(frozen=True)
class Placement:
    """Perspective projection, placed by the naked body's outline: clothes never move a person in the image."""

    scale: float
    centre: tuple[float, float]
    origin: tuple[float, float]
    feet: tuple[float, float, float]
    distance: float

    @staticmethod
    def of(
        body: PosedBody,
        to_camera: Floats,
        scale: float,
        shift: tuple[float, float],
        size: tuple[int, int],
        distance: float,
    ) -> Placement:
        height, width = size
        seen = body.vertices @ to_camera.T
        ratio = distance / (distance + seen[:, 1])
        up, right = seen[:, 2] * ratio, seen[:, 0] * ratio
        # A detector's box follows a person's height, though not wholly: half of it stays visible.
        pixels = scale * height / float(np.sqrt(np.ptp(up) * 1.70))
        centre = (width * (0.5 + shift[0]), height * (0.5 + shift[1]))
        origin = (float(right.min() + right.max()) / 2, float(up.min() + up.max()) / 2)
        ground = float(up.min())
        half = float(np.ptp(right)) / 2
        feet = (centre[0], centre[1] - (ground - origin[1]) * pixels, half * pixels)
        return Placement(pixels, centre, origin, feet, distance)

    def project(self, seen: Floats) -> Floats:
        """Points V x 3 (camera axes, metres) to pixels V x 2."""
        ratio = self.distance / (self.distance + seen[:, 1])
        x = self.centre[0] + (seen[:, 0] * ratio - self.origin[0]) * self.scale
        y = self.centre[1] - (seen[:, 2] * ratio - self.origin[1]) * self.scale
        return np.stack([x, y], 1).astype(np.float32)

    def shadow(self, size: tuple[int, int], view: Camera, light: Light) -> Floats:
        """The soft shadow at the feet, H x W in [0, 1]."""
        row, column = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) + 0.5
        x, y, half = self.feet
        flat = 0.08 + 0.5 * np.sin(view.pitch)
        reach = 0.8 * half + 0.04 * size[0]
        dx = (column - x + light.sun[0] * reach * 0.5) / reach
        dy = (row - y + 0.012 * size[0]) / (reach * flat)
        result: Floats = light.contact * np.exp(-1.4 * (dx**2 + dy**2))
        return result
