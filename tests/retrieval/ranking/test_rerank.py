"""Re-ranking against the dense published formula in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgnet.retrieval import EvaluationError, evaluate, summarise
from dgnet.retrieval.ranking import reciprocal as reciprocal_module
from dgnet.retrieval.ranking import rerank as rerank_module
from dgnet.retrieval.ranking.rerank import rerank, rerank_matches


def dense_rerank(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int, lambda_: float) -> np.ndarray:
    """Zhong et al. 2017, section 3, one image at a time, every matrix dense."""
    images = np.concatenate([query, gallery]).astype(np.float64)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    number = len(images)
    distance = 2 - 2 * images @ images.T
    distance /= distance.max(axis=1, keepdims=True)
    order = np.argsort(distance, axis=1, kind="stable")

    def reciprocal(i: int, k: int) -> set[int]:
        return {int(j) for j in order[i, : k + 1] if i in order[j, : k + 1]}

    V = np.zeros((number, number))
    for i in range(number):
        own = reciprocal(i, k1)
        expanded = set(own)
        for j in own:
            others = reciprocal(j, int(np.around(k1 / 2)))
            if len(others & own) > 2 / 3 * len(others):
                expanded |= others
        for j in expanded:
            V[i, j] = np.exp(-distance[i, j])
        V[i] /= V[i].sum()
    V = np.stack([V[order[i, :k2]].mean(axis=0) for i in range(number)])

    final = np.zeros((len(query), len(gallery)))
    for q in range(len(query)):
        for g in range(len(gallery)):
            smaller = np.minimum(V[q], V[len(query) + g]).sum()
            larger = np.maximum(V[q], V[len(query) + g]).sum()
            final[q, g] = (1 - lambda_) * (1 - smaller / larger) + lambda_ * distance[q, len(query) + g]
    return final


def people(seed: int, num_query: int, num_gallery: int, identities: int, noise: float, width: int = 16) -> tuple:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(identities, width))
    query_pids, gallery_pids = rng.integers(0, identities, num_query), rng.integers(0, identities, num_gallery)
    query = centres[query_pids] + noise * rng.normal(size=(num_query, width))
    gallery = centres[gallery_pids] + noise * rng.normal(size=(num_gallery, width))
    return query.astype(np.float32), gallery.astype(np.float32), query_pids, gallery_pids


@pytest.mark.parametrize(("k1", "k2", "lambda_"), [(20, 6, 0.3), (8, 1, 0.0), (5, 3, 0.5), (30, 10, 1.0), (1, 2, 0.3)])
@pytest.mark.parametrize("noise", [0.3, 0.8, 3.0])
def test_equals_the_dense_formula(k1: int, k2: int, lambda_: float, noise: float) -> None:
    query, gallery, _, _ = people(seed=k1, num_query=30, num_gallery=170, identities=12, noise=noise)
    expected = dense_rerank(query, gallery, k1, k2, lambda_)
    found = rerank(query, gallery, k1=k1, k2=k2, lambda_=lambda_, block_bytes=60_000, progress=False)
    assert np.abs(found - expected).max() < 1e-5
    for mine, theirs in zip(found, expected, strict=True):
        # The same ranking, but for pairs that the formula itself puts closer than float32 can tell.
        order = np.argsort(mine, kind="stable")
        assert (np.diff(theirs[order]) > -1e-6).all()
        clear = np.diff(np.sort(theirs)) > 2e-6
        edges = np.flatnonzero(clear)
        assert [set(part) for part in np.split(order, edges + 1)] == [
            set(part) for part in np.split(np.argsort(theirs, kind="stable"), edges + 1)
        ]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    block_bytes=st.sampled_from([1, 5_000, 50_000, 1 << 27]),
    k1=st.integers(1, 12),
    k2=st.integers(1, 2),
    num_gallery=st.integers(15, 60),
    keep_bytes=st.sampled_from([0, 1 << 20]),
)
def test_blocks_do_not_matter(seed: int, block_bytes: int, k1: int, k2: int, num_gallery: int, keep_bytes: int) -> None:
    query, gallery, _, _ = people(seed, num_query=5, num_gallery=num_gallery, identities=6, noise=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rerank_module, "KEEP_BYTES", keep_bytes)
        found = rerank(query, gallery, k1=k1, k2=k2, block_bytes=block_bytes, progress=False)
    np.testing.assert_allclose(found, dense_rerank(query, gallery, k1, k2, 0.3), atol=1e-5)


def test_ranks_equal_those_of_the_distances_and_improve_retrieval() -> None:
    query, gallery, query_pids, gallery_pids = people(0, num_query=40, num_gallery=400, identities=20, noise=1.3)
    cameras = (np.arange(40) % 3, np.arange(400) % 3)
    before = evaluate(query, gallery, query_pids, gallery_pids, *cameras)
    after = summarise(rerank_matches(query, gallery, query_pids, gallery_pids, *cameras, block_bytes=20_000))
    distances = rerank(query, gallery)
    one_hot = np.eye(40, dtype=np.float32)  # <one hot q, -distances[:, g]> is -distances[q, g]: ranked by brute force
    assert after.map_step == pytest.approx(
        evaluate(one_hot, -distances.T, query_pids, gallery_pids, *cameras).map_step, abs=1e-9
    )
    assert after.map_step > before.map_step + 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k1": 0}, "k1: expected 1 to 199"),
        ({"k1": 200}, "k1: expected 1 to 199"),
        ({"k2": 0}, "k2: expected 1 to k1 \\+ 1 = 21"),
        ({"k2": 22}, "k2: expected 1 to k1 \\+ 1 = 21"),
        ({"lambda_": 1.5}, "lambda: expected a fraction"),
    ],
)
def test_impossible_settings(options: dict, message: str) -> None:
    query, gallery, _, _ = people(0, num_query=30, num_gallery=170, identities=12, noise=0.3)
    with pytest.raises(EvaluationError, match=message):
        rerank(query, gallery, **options)


def test_equal_features_everywhere() -> None:
    with pytest.raises(EvaluationError, match="no distance to divide by"):
        rerank(np.ones((2, 3)), np.ones((9, 3)), k1=3, k2=2)


@pytest.mark.parametrize(("at_once", "pairs"), [(1, 1), (7, 3), (64, 20)])
def test_the_sizes_of_its_working_blocks_do_not_matter(
    at_once: int, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reciprocal_module, "_ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(reciprocal_module, "_PAIRS_AT_ONCE", pairs)
    query, gallery, _, _ = people(3, num_query=9, num_gallery=80, identities=9, noise=0.9)
    found = rerank(query, gallery, k1=9, k2=4, progress=False)
    np.testing.assert_allclose(found, dense_rerank(query, gallery, 9, 4, 0.3), atol=1e-5)


@pytest.mark.parametrize("k1", range(1, 8))
def test_every_half_of_k1_is_rounded_as_published(k1: int) -> None:
    """np.around rounds to the even neighbour: half of 5 becomes 2, half of 7 becomes 4."""
    query, gallery, _, _ = people(k1, num_query=6, num_gallery=50, identities=5, noise=0.8)
    for k2 in (1, k1 + 1):
        found = rerank(query, gallery, k1=k1, k2=k2, progress=False)
        np.testing.assert_allclose(found, dense_rerank(query, gallery, k1, k2, 0.3), atol=1e-5)


def test_all_images_but_one_may_be_neighbours() -> None:
    query, gallery, _, _ = people(2, num_query=2, num_gallery=6, identities=3, noise=0.6)
    for k1, k2 in ((7, 8), (7, 1), (6, 7)):
        found = rerank(query, gallery, k1=k1, k2=k2, progress=False)
        np.testing.assert_allclose(found, dense_rerank(query, gallery, k1, k2, 0.3), atol=1e-5)


def test_settings_are_the_published_ones_unless_given() -> None:
    query, gallery, query_pids, gallery_pids = people(4, num_query=10, num_gallery=90, identities=6, noise=1.2)
    given = {"k1": 20, "k2": 6, "lambda_": 0.3}
    np.testing.assert_array_equal(rerank(query, gallery), rerank(query, gallery, **given))
    labels = (query_pids, gallery_pids)
    as_given = rerank_matches(query, gallery, *labels, **given)
    assert rerank_matches(query, gallery, *labels).ranks.tolist() == as_given.ranks.tolist()
    for other in ({"k1": 12}, {"k2": 3}, {"lambda_": 0.9}):
        assert (rerank(query, gallery, **(given | other)) != rerank(query, gallery)).any()
        assert rerank_matches(query, gallery, *labels, **other).ranks.tolist() != as_given.ranks.tolist()


def test_a_negative_lambda_is_refused() -> None:
    query, gallery, _, _ = people(0, num_query=3, num_gallery=30, identities=4, noise=0.3)
    with pytest.raises(EvaluationError, match="lambda: expected a fraction"):
        rerank(query, gallery, k1=5, k2=2, lambda_=-0.1)


def test_an_image_that_equals_all_others_is_refused_among_images_that_do_not() -> None:
    """An image equally near to all others has a largest distance of 0, and distances are divided by the largest."""
    same, turned = np.tile([[1.0, 0.0]], (6, 1)), np.array([[1.0, 1e-4]])
    with pytest.raises(EvaluationError, match="no distance to divide by"):
        rerank(same[:2], np.concatenate([same, turned]), k1=3, k2=2)
