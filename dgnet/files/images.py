"""Images as bytes: the one name for uint8 RGB pixels, whatever their number of dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ImagesU8 = npt.NDArray[np.uint8]  # H x W x 3, or N x H x W x 3: the docstring beside it says which
