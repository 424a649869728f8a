"""Where hair grows on a head."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.mesh import Floats, Ints

# Where scalp begins: (y, lowest z with hair) from the forehead over the ear to the nape.
_HAIRLINE_Y = (-0.085, -0.055, -0.022, 0.000, 0.012)
_HAIRLINE_Z = (0.978, 0.968, 0.948, 0.915, 0.885)


def scalp(part: Ints, canon: Floats) -> npt.NDArray[np.bool_]:
    """Which of P points of `part` (P) at `canon` (P x 3, see `anatomy`) lie on the scalp."""
    return (part == Part.HEAD) & (canon[:, 2] > np.interp(canon[:, 1], _HAIRLINE_Y, _HAIRLINE_Z))
