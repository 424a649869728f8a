"""The type of uint8 RGB images, of one or of many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ImagesU8 = npt.NDArray[np.uint8]  # H x W x 3, or N x H x W x 3: each function that uses it says which
