"""Hair and hats: meshes tied to the head. Coordinates of `anatomy`, in statures."""

from __future__ import annotations

import functools

from dgnet.mannequin.body.mesh import Mesh, joined, superellipsoid, tube
from dgnet.mannequin.body.physique import HairCut, HatKind

_LONG = [
    ((0.0, 0.050, 0.78), 0.036, 0.010),
    ((0.0, 0.046, 0.83), 0.050, 0.015),
    ((0.0, 0.026, 0.88), 0.054, 0.032),
    ((0.0, 0.004, 0.92), 0.059, 0.045),
    ((0.0, -0.012, 0.96), 0.059, 0.055),
    ((0.0, -0.018, 0.99), 0.045, 0.045),
    ((0.0, -0.018, 1.008), 0.018, 0.018),
]
_BOB = [
    ((0.0, 0.014, 0.872), 0.050, 0.032),
    ((0.0, 0.004, 0.895), 0.060, 0.044),
    ((0.0, -0.004, 0.93), 0.062, 0.051),
    ((0.0, -0.013, 0.965), 0.060, 0.056),
    ((0.0, -0.018, 0.995), 0.044, 0.044),
    ((0.0, -0.018, 1.010), 0.018, 0.018),
]
FITS_NO_HAT = (HairCut.CURLY, HairCut.BUN)


@functools.cache
def hair_mesh(cut: HairCut) -> Mesh | None:
    """What the cut adds to the scalp (which is thickened and coloured in any case), or nothing."""
    match cut:
        case HairCut.LONG:
            return tube(_LONG)
        case HairCut.BOB:
            return tube(_BOB)
        case HairCut.CURLY:
            return superellipsoid((0.072, 0.066, 0.058), (0.0, 0.004, 0.968))
        case HairCut.BUN:
            return superellipsoid((0.026, 0.024, 0.024), (0.0, 0.030, 0.992))
        case HairCut.TAIL:
            knot = superellipsoid((0.016, 0.018, 0.016), (0.0, 0.046, 0.962))
            tail = tube([((0.0, 0.066, 0.835), 0.006, 0.006), ((0.0, 0.068, 0.88), 0.017, 0.015),
                         ((0.0, 0.064, 0.93), 0.018, 0.016), ((0.0, 0.052, 0.96), 0.010, 0.012)])  # fmt: skip
            return joined([knot, tail])
        case _:
            return None


@functools.cache
def hat_mesh(kind: HatKind) -> Mesh | None:
    """A hat, or nothing."""
    crown = [
        ((0.0, -0.020, 0.958), 0.061, 0.066),
        ((0.0, -0.018, 0.985), 0.060, 0.062),
        ((0.0, -0.016, 1.010), 0.046, 0.048),
        ((0.0, -0.015, 1.022), 0.020, 0.022),
    ]
    match kind:
        case HatKind.CAP:
            peak = superellipsoid((0.044, 0.044, 0.006), (0.0, -0.100, 0.966), 0.7, 6, 16)
            return joined([tube(crown), peak])
        case HatKind.BEANIE:
            low = [((0.0, -0.014, 0.938), 0.061, 0.062), *crown[:3], ((0.0, -0.005, 1.040), 0.026, 0.028)]
            return tube(low)
        case HatKind.BRIM:
            return joined([tube(crown), superellipsoid((0.118, 0.122, 0.007), (0.0, -0.018, 0.962), 0.9, 6, 20)])
        case HatKind.HELMET:
            return superellipsoid((0.074, 0.088, 0.062), (0.0, -0.012, 0.978), 0.85)
        case _:
            return None
