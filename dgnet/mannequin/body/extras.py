"""Rare things that people walk with: umbrellas and prams. Coordinates of `anatomy`, in statures."""

from __future__ import annotations

import functools

from dgnet.mannequin.body.mesh import Mesh, joined, superellipsoid, tube
from dgnet.mannequin.body.physique import Extra


@functools.cache
def extra_mesh(kind: Extra, left: bool) -> Mesh | None:
    """The thing, which stays upright over or before the hips, or nothing."""
    sign = 1.0 if left else -1.0
    match kind:
        case Extra.UMBRELLA:
            x, y = sign * 0.06, -0.10
            canopy = [((x, y, 1.07), 0.285, 0.285), ((x, y, 1.11), 0.235, 0.235), ((x, y, 1.15), 0.130, 0.130),
                      ((x, y, 1.17), 0.030, 0.030)]  # fmt: skip
            return joined([tube(canopy, 20), superellipsoid((0.005, 0.005, 0.20), (x, y, 0.93), 0.5, 4, 6)])
        case Extra.PRAM:
            body = superellipsoid((0.120, 0.190, 0.090), (0.0, -0.47, 0.36), 0.5)
            hood = superellipsoid((0.122, 0.110, 0.100), (0.0, -0.54, 0.45), 0.8)
            wheels = [superellipsoid((0.012, 0.062, 0.062), (dx, dy, 0.062), 1.0, 8, 12)
                      for dx in (-0.11, 0.11) for dy in (-0.60, -0.34)]  # fmt: skip
            handle = superellipsoid((0.090, 0.006, 0.006), (0.0, -0.26, 0.55), 0.5, 4, 8)
            frame = [superellipsoid((0.006, 0.006, 0.15), (dx, -0.42, 0.20), 0.5, 4, 6) for dx in (-0.10, 0.10)]
            return joined([body, hood, handle, *wheels, *frame])
        case _:
            return None
