"""Whether generated images repeat training images: how near the nearest one is, in small averages of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import EvaluationError

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Memorisation:
    """Distances to the nearest real image: mean absolute difference of small images, in grey levels of 255.

    `generated` and `real` are medians over generated images and over real ones (each to the nearest other real image).
    `num_near` of the `num_generated` are nearer than `limit` to some real image, the x_j they were drawn from included.
    """

    num_generated: int
    num_real: int
    generated: float
    real: float
    limit: float
    num_near: int


def nearest_distances(
    thumbs: npt.NDArray[np.uint8], real: npt.NDArray[np.uint8], *, itself: bool = False
) -> tuple[Float64Array, npt.NDArray[np.int64]]:
    """The distance of each of N small images (uint8 N x ...) to the nearest of R real ones, and which one that is.

    `itself`: both are the same images, and none is its own nearest. Raises EvaluationError where none is left.
    """
    if len(real) < 1 + itself:
        raise EvaluationError(f"memorisation: {len(real)} real images, which leaves none to compare with")
    flat = real.reshape(len(real), -1).astype(np.int16)
    distances, places = np.empty(len(thumbs)), np.empty(len(thumbs), dtype=np.int64)
    for place, thumb in enumerate(thumbs.reshape(len(thumbs), -1).astype(np.int16)):
        every = np.abs(flat - thumb).mean(axis=1)
        if itself:
            every[place] = np.inf
        places[place] = every.argmin()
        distances[place] = every[places[place]]
    return distances, places


def measure_memorisation(
    thumbs: npt.NDArray[np.uint8], real: npt.NDArray[np.uint8], limit: float
) -> tuple[Memorisation, Float64Array]:
    """Compare generated images with all real ones; gives each one's distance too. Raises EvaluationError."""
    distances, _ = nearest_distances(thumbs, real)
    some = real[np.linspace(0, len(real) - 1, min(len(real), max(2, len(thumbs)))).astype(int)]
    among = np.median(nearest_distances(some, some, itself=True)[0]) if len(some) > 1 else float("nan")
    found = Memorisation(
        len(thumbs), len(real), float(np.median(distances)), float(among), limit, int((distances < limit).sum())
    )
    return found, distances
