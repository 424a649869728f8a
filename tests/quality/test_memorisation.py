"""Near-duplicates of real images, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.quality.memorisation import measure_memorisation, nearest_distances
from dgnet.retrieval.arrays import EvaluationError

RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
MADE = RNG.integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


def brute_force(one: np.ndarray, other: np.ndarray) -> float:
    total = sum(abs(int(a) - int(b)) for a, b in zip(one.reshape(-1), other.reshape(-1), strict=True))
    return total / one.size


def test_the_nearest_real_image_by_brute_force() -> None:
    distances, places = nearest_distances(MADE, REAL)
    for n, made in enumerate(MADE):
        every = [brute_force(made, real) for real in REAL]
        assert places[n] == int(np.argmin(every))
        assert distances[n] == pytest.approx(min(every))
    among, _ = nearest_distances(REAL, REAL, itself=True)
    assert among[2] == pytest.approx(min(brute_force(REAL[2], REAL[k]) for k in range(7) if k != 2))


def test_a_copy_is_near_and_noise_is_not() -> None:
    made = np.concatenate([MADE, np.clip(REAL[:2].astype(int) + 1, 0, 255).astype(np.uint8)])
    found, distances = measure_memorisation(made, REAL, limit=2.0)
    assert (found.num_near, found.num_generated, found.num_real) == (2, 7, 7)
    assert found.generated == pytest.approx(np.median(distances))
    assert found.real > 50


def test_nothing_to_compare_with() -> None:
    with pytest.raises(EvaluationError, match="0 real images"):
        nearest_distances(MADE, REAL[:0])
    with pytest.raises(EvaluationError, match="1 real images"):
        nearest_distances(REAL[:1], REAL[:1], itself=True)
