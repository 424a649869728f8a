"""Nearest neighbours against a stable sort, and sparse rows against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dgnet.retrieval import EvaluationError
from dgnet.retrieval.kernel import best_lists as best_lists_module
from dgnet.retrieval.kernel.neighbours import nearest, stable_top
from dgnet.retrieval.kernel.self_neighbours import self_neighbours
from dgnet.retrieval.kernel.sparse import from_entries, stacked


def whole_numbers(seed: int, rows: int) -> torch.Tensor:
    """Features whose products are exact and often tie."""
    return torch.from_numpy(np.random.default_rng(seed).integers(-2, 3, (rows, 3)).astype(np.float32))


@given(
    seed=st.integers(0, 10_000),
    k=st.integers(1, 12),
    rows=st.integers(1, 60),
    block_bytes=st.integers(1, 5000),
    keep=st.integers(0, 60),
)
def test_self_neighbours_equal_a_stable_sort(seed: int, k: int, rows: int, block_bytes: int, keep: int) -> None:
    features = whole_numbers(seed, rows)
    keep = min(keep, rows)
    found = self_neighbours(features, k, block_bytes=block_bytes, keep=keep, progress=False)
    similarity = (features @ features.T).numpy()
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found.index, order)
    np.testing.assert_array_equal(found.similarity, np.take_along_axis(similarity, order, axis=1))
    np.testing.assert_array_equal(found.lowest, similarity.min(axis=1))
    np.testing.assert_array_equal(found.kept, similarity[:keep, keep:] if keep else np.empty((0, 0)))


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), block_bytes=st.integers(1, 500))
def test_nearest_equal_a_stable_sort(seed: int, k: int, block_bytes: int) -> None:
    query, gallery = whole_numbers(seed, 4), whole_numbers(seed + 1, 10)
    found = nearest(query, gallery, k, block_bytes=block_bytes)
    similarity = (query @ gallery.T).numpy()
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found.index, order)
    np.testing.assert_array_equal(found.similarity, np.take_along_axis(similarity, order, axis=1))


def test_nearest_needs_a_neighbour() -> None:
    with pytest.raises(EvaluationError, match="at least 1 neighbour, found 0"):
        nearest(whole_numbers(0, 2), whole_numbers(1, 2), 0)


def test_stable_top_leaves_its_input_alone() -> None:
    values = torch.tensor([[1.0, 3.0, 3.0, 2.0, 3.0]])
    top, place = stable_top(values, 2)
    assert (top.tolist(), place.tolist()) == ([[3, 3]], [[1, 2]])
    assert values.tolist() == [[1, 3, 3, 2, 3]]


@given(seed=st.integers(0, 10_000), entries=st.integers(0, 40))
def test_sparse_rows_equal_dense(seed: int, entries: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, 5, entries), rng.integers(0, 7, entries)
    values = rng.integers(1, 9, entries).astype(np.float32)
    dense = np.zeros((5, 7), np.float32)
    np.add.at(dense, (rows, columns), values)
    sparse = from_entries(rows, columns, values, 5, 7)

    def densify(matrix, shape):  # type: ignore[no-untyped-def]
        full = np.zeros(shape, np.float32)
        for r in range(matrix.num_rows):
            own = slice(matrix.starts[r], matrix.starts[r + 1])
            assert (np.diff(matrix.columns[own]) > 0).all()
            full[r, matrix.columns[own]] = matrix.values[own]
        return full

    np.testing.assert_array_equal(densify(sparse, (5, 7)), dense)
    np.testing.assert_array_equal(densify(sparse.transposed(7), (7, 5)), dense.T)
    np.testing.assert_array_equal(densify(sparse.take(np.array([4, 2, 4])), (3, 7)), dense[[4, 2, 4]])
    np.testing.assert_array_equal(densify(stacked([sparse, sparse]), (10, 7)), np.concatenate([dense, dense]))
    wanted = np.array([3, 0, 3])
    entry, which = sparse.entries_of(wanted)
    listed = np.zeros((3, 7), np.float32)
    listed[which, sparse.columns[entry]] = sparse.values[entry]
    np.testing.assert_array_equal(listed, dense[wanted])


@pytest.mark.parametrize("round_", [1, 2, 5])
def test_candidates_enter_the_best_lists_a_few_at_a_time(round_: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_lists_module, "_ROUND", round_)
    for seed in range(20):
        features = whole_numbers(seed, 50)
        found = self_neighbours(features, 4, block_bytes=1, progress=False)
        order = np.argsort(-(features @ features.T).numpy(), axis=1, kind="stable")[:, :4]
        np.testing.assert_array_equal(found.index, order)
