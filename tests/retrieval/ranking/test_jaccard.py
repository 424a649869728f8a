"""Sparse Jaccard distances against the formulas written with loops over dense float64 matrices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.kernel.sparse import SparseRows
from dgnet.retrieval.ranking import jaccard
from dgnet.retrieval.ranking.jaccard import jaccard_distances


def features_of(number: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Images around number / 5 directions, of many lengths."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(number // 5, 8))
    return ((centres[np.arange(number) % len(centres)] + rng.normal(0, 0.4, (number, 8))) * 3).astype(np.float32)


def dense(rows: SparseRows) -> npt.NDArray[np.float64]:
    """All distances; those that are not stored are 1."""
    whole = np.ones((rows.num_rows, rows.num_rows))
    row = np.repeat(np.arange(rows.num_rows), np.diff(rows.starts))
    assert len(set(zip(row.tolist(), rows.columns.tolist(), strict=True))) == len(row)
    whole[row, rows.columns] = rows.values
    return whole


def naive(features: npt.NDArray[np.float32], k1: int, k2: int) -> npt.NDArray[np.float64]:
    x = features.astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    distance = 2 - 2 * x @ x.T
    distance /= distance.max(axis=1, keepdims=True)
    nearest = np.argsort(distance, axis=1, kind="stable")
    number = len(x)

    def reciprocal(i: int, k: int) -> set[int]:
        return {j for j in nearest[i, : k + 1].tolist() if i in nearest[j, : k + 1]}

    encodings = np.zeros((number, number))
    for i in range(number):
        own = reciprocal(i, k1)
        members = set(own)
        for j in own:
            more = reciprocal(j, int(np.around(k1 / 2)))
            if len(more & own) > 2 / 3 * len(more):
                members |= more
        for j in members:
            encodings[i, j] = np.exp(-distance[i, j])
        encodings[i] /= encodings[i].sum()
    encodings = np.stack([encodings[nearest[i, :k2]].mean(axis=0) for i in range(number)])
    found = np.empty((number, number))
    for i in range(number):
        for j in range(number):
            m = np.minimum(encodings[i], encodings[j]).sum()
            found[i, j] = 1 - m / (2 - m)
    return found


@pytest.mark.parametrize(("number", "k1", "k2"), [(40, 6, 3), (40, 9, 1), (23, 5, 2), (6, 5, 6)])
def test_distances_are_the_formulas(number: int, k1: int, k2: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features = features_of(number)
    expected = naive(features, k1, k2)
    found = jaccard_distances(features, k1=k1, k2=k2, progress=False)
    np.testing.assert_allclose(dense(found), expected, atol=1e-6)
    assert (dense(found) == dense(found).T).all()
    assert found.values.min() >= 0
    assert (found.values < 1).all()
    monkeypatch.setattr(jaccard, "_TERMS_AT_ONCE", 7)  # fewer than one row's: a row at a time
    np.testing.assert_array_equal(dense(jaccard_distances(features, k1=k1, k2=k2, progress=False)), dense(found))


def test_only_what_is_near_is_stored() -> None:
    features = features_of(200)
    assert len(jaccard_distances(features, k1=4, k2=2, progress=False).values) < 200 * 200 / 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"k1": 10}, r"^k1: found 10, must be from 1 to 9 \(all images but one\)"),
        ({"k1": 0}, "^k1: found 0"),
        ({"k2": 5}, r"^k2: found 5, must be from 1 to k1 \+ 1 = 4"),
    ],
)
def test_impossible_numbers_are_refused(change: dict[str, int], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        jaccard_distances(features_of(10), **{"k1": 3, "k2": 2, **change}, progress=False)


def test_images_that_are_all_alike_are_refused() -> None:
    with pytest.raises(EvaluationError, match="features are all the same"):
        jaccard_distances(np.ones((10, 4), np.float32), k1=3, k2=2, progress=False)
