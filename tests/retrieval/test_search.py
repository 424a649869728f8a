"""Search among kept features: the same as sorting all products in float64, in half precision too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dgnet.retrieval import search as module
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.search import search


def unit(number: int, dim: int, seed: int, spread: float = 1.0) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=dim) + spread * rng.normal(size=(number, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_sorting(
    queries: npt.NDArray, features: npt.NDArray, k: int, rows: npt.NDArray | None
) -> tuple[npt.NDArray, npt.NDArray]:
    similarity = queries.astype(np.float64) @ features.astype(np.float64).T
    rows = np.arange(len(features)) if rows is None else rows
    order = np.argsort(-similarity[:, rows], axis=1, kind="stable")[:, :k]
    return rows[order], np.take_along_axis(similarity[:, rows], order, axis=1)


@pytest.mark.parametrize("num_rows", [None, 0, 1, 40, 1500])
@pytest.mark.parametrize("num_queries", [1, 2, 7])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_equals_sorting_all_products(
    dtype: type, num_queries: int, num_rows: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK_BYTES", 4 * 48 * 700)  # 700 rows, so that there are several chunks
    features, queries = unit(2000, 48, 0).astype(dtype), unit(num_queries, 48, 1)
    rows = None if num_rows is None else np.sort(np.random.default_rng(2).permutation(2000)[:num_rows])
    found = search(queries, features, 12, rows)
    index, similarity = by_sorting(queries, features, 12, rows)
    assert found.index.shape == index.shape
    np.testing.assert_allclose(found.similarity, similarity, atol=2e-6)
    np.testing.assert_array_equal(found.index, index)


def test_rounding_of_half_precision_hides_nobody() -> None:
    """All similarities lie within .002 of each other: products rounded to half precision are a few values only."""
    features, queries = unit(4000, 256, 3, spread=0.03).astype(np.float16), unit(2, 256, 3, spread=0.03)
    rounded = queries.astype(np.float16).astype(np.float32) @ features.astype(np.float32).T
    assert len(np.unique(rounded.astype(np.float16))) < 30
    found = search(queries, features, 50)
    index, similarity = by_sorting(queries, features, 50, None)
    np.testing.assert_allclose(found.similarity, similarity, atol=1e-6)
    assert np.mean(found.index == index) > 0.9  # neighbours closer than float32 tells apart may change places


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("num_queries", [1, 5])
def test_of_equal_features_the_lower_row_is_first(dtype: type, num_queries: int) -> None:
    features = np.repeat(unit(3, 16, 4), 50, axis=0).astype(dtype)
    found = search(np.repeat(features[60:61], num_queries, axis=0).astype(np.float32), features, 60)
    np.testing.assert_array_equal(found.index[:, :50], np.tile(np.arange(50, 100), (num_queries, 1)))


def test_k_below_one_is_refused() -> None:
    with pytest.raises(EvaluationError, match="k: expected at least 1, found 0"):
        search(unit(1, 4, 0), unit(3, 4, 1), 0)
