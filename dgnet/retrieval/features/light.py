"""How light images are."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.features.extract import ImageStore

WEIGHTS: Final = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601
BATCH: Final = 1024


def luminance(crops: ImageStore) -> npt.NDArray[np.float64]:
    """The mean luminance of each of N images, from 0 (black) to 1 (white): .299 R + .587 G + .114 B."""
    places = np.arange(len(crops))
    means = [crops[places[start : start + BATCH]].mean(axis=(1, 2)) for start in range(0, len(crops), BATCH)]
    found: npt.NDArray[np.float64] = np.concatenate(means) @ np.array(WEIGHTS) / 255
    return found
