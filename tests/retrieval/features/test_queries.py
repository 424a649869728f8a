"""Multi-query means and query expansion against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.retrieval import EvaluationError, evaluate
from dgnet.retrieval.features.queries import expand_queries, multi_query


def test_multi_query_is_the_mean_of_each_view() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5)).astype(np.float32)
    pids, camids = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
    query_pids, query_camids = np.array([3, 0, 3, 1]), np.array([2, 1, 2, 0])
    found = multi_query(features, pids, camids, query_pids, query_camids)
    for q in range(4):
        own = [features[n] for n in range(60) if pids[n] == query_pids[q] and camids[n] == query_camids[q]]
        np.testing.assert_allclose(found[q], np.mean(own, axis=0), atol=1e-6)


def test_multi_query_names_a_view_without_images() -> None:
    with pytest.raises(EvaluationError, match=r"1 queries have no image .* query 1, pid 7, camera 2"):
        multi_query(np.ones((2, 3)), [7, 7], [1, 0], [7, 7], [1, 2])


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("k", [1, 4, 99])
def test_expansion_equals_the_formula(alpha: float, k: int) -> None:
    rng = np.random.default_rng(1)
    query, gallery = rng.normal(size=(6, 5)), rng.normal(size=(20, 5))
    found = expand_queries(query, gallery, k=k, alpha=alpha, block_bytes=200)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    for q in range(6):
        similarity = gallery @ query[q]
        joined = query[q].copy()
        for g in np.argsort(-similarity)[:k]:
            joined += max(similarity[g], 0.0) ** alpha * gallery[g]
        np.testing.assert_allclose(found[q], joined / np.linalg.norm(joined), atol=1e-6)


def test_expansion_improves_noisy_queries() -> None:
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(20, 16))
    query_pids, gallery_pids = np.arange(60) % 20, np.arange(600) % 20
    query = centres[query_pids] + 1.3 * rng.normal(size=(60, 16))
    gallery = centres[gallery_pids] + 1.0 * rng.normal(size=(600, 16))
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    before = evaluate(query, gallery, query_pids, gallery_pids).map_step
    after = evaluate(expand_queries(query, gallery, k=5), gallery, query_pids, gallery_pids).map_step
    assert after > before + 0.03


def test_expansion_refuses_a_negative_alpha() -> None:
    with pytest.raises(EvaluationError, match="alpha: expected at least 0, found -1"):
        expand_queries(np.ones((1, 2)), np.ones((2, 2)), alpha=-1)


def test_expansion_joins_five_evenly_unless_told_otherwise() -> None:
    rng = np.random.default_rng(3)
    query, gallery = rng.normal(size=(6, 5)), rng.normal(size=(20, 5))
    np.testing.assert_array_equal(expand_queries(query, gallery), expand_queries(query, gallery, k=5, alpha=0.0))


def test_expansion_leaves_what_it_is_given_as_it_was() -> None:
    query, gallery = np.full((2, 3), 2.0, np.float32), np.full((4, 3), 3.0, np.float32)
    expand_queries(query, gallery, k=2)
    assert (query == 2).all()
    assert (gallery == 3).all()


def test_one_image_of_a_view_is_its_own_mean_and_queries_may_be_one() -> None:
    features = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 8.0]], np.float32)
    found = multi_query(features, [4, 4, 9], [0, 0, 0], [9], [0])
    np.testing.assert_array_equal(found, [[5.0, 8.0]])
    np.testing.assert_array_equal(multi_query(features, [4, 4, 9], [0, 0, 0], [4], [0]), [[2.0, 4.0]])


def test_multi_query_counts_the_views_without_images() -> None:
    with pytest.raises(EvaluationError, match=r"2 queries have no image .*first: query 0, pid 3, camera 1"):
        multi_query(np.ones((2, 3)), [7, 7], [1, 0], [3, 7, 7], [1, 1, 2])
