"""Rare things that people walk with: umbrellas, prams, bicycles. Coordinates of `anatomy`, in statures."""

from __future__ import annotations

import functools
import math

import numpy as np

from dgnet.mannequin.body.mesh import Mesh, joined, ring, superellipsoid, tube
from dgnet.mannequin.body.physique import Extra

_Vector = tuple[float, float, float]


@functools.cache
def extra_meshes(kind: Extra, left: bool) -> tuple[Mesh, Mesh] | None:
    """What has a colour of its own and what is dark, of a thing that stays upright before, over or beside the hips."""
    sign = 1.0 if left else -1.0
    match kind:
        case Extra.UMBRELLA:
            x, y = sign * 0.06, -0.10
            canopy = [((x, y, 1.07), 0.285, 0.285), ((x, y, 1.11), 0.235, 0.235), ((x, y, 1.15), 0.130, 0.130),
                      ((x, y, 1.17), 0.030, 0.030)]  # fmt: skip
            return tube(canopy, 20), superellipsoid((0.005, 0.005, 0.20), (x, y, 0.93), 0.5, 4, 6)
        case Extra.PRAM:
            body = superellipsoid((0.120, 0.190, 0.090), (0.0, -0.47, 0.36), 0.5)
            hood = superellipsoid((0.122, 0.110, 0.100), (0.0, -0.54, 0.45), 0.8)
            wheels = [superellipsoid((0.012, 0.062, 0.062), (dx, dy, 0.062), 1.0, 8, 12)
                      for dx in (-0.11, 0.11) for dy in (-0.60, -0.34)]  # fmt: skip
            handle = superellipsoid((0.090, 0.006, 0.006), (0.0, -0.26, 0.55), 0.5, 4, 8)
            frame = [superellipsoid((0.006, 0.006, 0.15), (dx, -0.42, 0.20), 0.5, 4, 6) for dx in (-0.10, 0.10)]
            return joined([body, hood]), joined([handle, *wheels, *frame])
        case Extra.BICYCLE:
            return _bicycle(sign * 0.24)
        case _:
            return None


def _bicycle(x: float) -> tuple[Mesh, Mesh]:
    """A bicycle pushed along at `x`: its frame, and its wheels, saddle and handlebar."""
    hub, crank, seat, head, bar = (
        (x, y, z) for y, z in ((0.28, 0.19), (-0.02, 0.17), (0.08, 0.50), (-0.26, 0.50), (-0.25, 0.58))
    )
    front = (x, -0.34, 0.19)
    frame = [(hub, crank), (hub, seat), (crank, seat), (crank, head), (seat, head), (head, front), (head, bar)]
    wheels = [ring(0.18, 0.011, centre) for centre in (hub, front)]
    saddle = superellipsoid((0.028, 0.065, 0.014), (x, 0.09, 0.525), 0.8, 6, 10)
    handles = superellipsoid((0.130, 0.010, 0.010), bar, 0.5, 4, 8)
    basket = superellipsoid((0.075, 0.060, 0.050), (x, -0.37, 0.50), 0.3, 6, 12)
    return joined([_rod(*ends) for ends in frame]), joined([*wheels, saddle, handles, basket])


def _rod(start: _Vector, end: _Vector) -> Mesh:
    """A thin rod between two points of one x."""
    (x, y0, z0), (_, y1, z1) = start, end
    length = math.hypot(y1 - y0, z1 - z0)
    lean = math.atan2(y1 - y0, z1 - z0)
    rod = superellipsoid((0.010, 0.010, length / 2), roundness=0.5, rings=4, sectors=6)
    c, s = math.cos(lean), math.sin(lean)
    upright_to_rod = np.array([[1, 0, 0], [0, c, s], [0, -s, c]], np.float32)
    return rod.moved(upright_to_rod, np.array([x, (y0 + y1) / 2, (z0 + z1) / 2], np.float32))
