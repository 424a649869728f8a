"""Near copies are left out where thousands of them would be most of what is learnt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dgnet.retrieval.clustering import copies
from dgnet.retrieval.clustering.copies import without_crowds

Matrix = npt.NDArray[np.float32]


def unit(matrix: npt.NDArray[np.float64]) -> Matrix:
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def people(number: int, each: int, noise: float, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    return unit(np.repeat(rng.normal(size=(number, 16)), each, axis=0) + noise * rng.normal(size=(number * each, 16)))


@pytest.mark.parametrize("rows_at_once", [512, 7])
def test_what_remains_is_what_the_definition_says(rows_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_ROWS_AT_ONCE", rows_at_once)
    features = people(3, 20, 0.15)[np.random.default_rng(1).permutation(60)]
    kept: list[int] = []
    for image in range(60):
        near = sum(float(features[image] @ features[other]) >= 0.97 for other in kept)
        if near < 4:
            kept.append(image)
    assert 12 <= len(kept) < 50
    assert without_crowds(features, 0.97, 4).tolist() == kept


def test_of_a_crowd_a_few_remain_and_of_others_all() -> None:
    crowd, others = people(1, 900, 0.05), people(40, 6, 0.3, seed=2)
    found = without_crowds(np.concatenate([crowd, others]), 0.95, 8)
    assert set(range(900, 1140)) <= set(found.tolist())
    assert 8 <= (found < 900).sum() < 60


def test_without_a_crowd_nothing_is_left_out() -> None:
    features = np.concatenate([people(300, 6, 0.3), people(1, 9, 0.01, seed=3)])  # nine copies are no crowd
    assert without_crowds(features, 0.95, 8).tolist() == list(range(len(features)))
