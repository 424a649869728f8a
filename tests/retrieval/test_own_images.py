"""A query that is also in the gallery is left out of its own ranking, by every protocol."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.quality.consistency import identity_consistency
from dgnet.retrieval import EvaluationError, evaluate, rank_matches
from dgnet.retrieval.features.queries import expand_queries
from dgnet.retrieval.ranking.cameras import camera_pairs
from dgnet.retrieval.ranking.examples import top_gallery
from dgnet.retrieval.ranking.matches import index_truth
from dgnet.retrieval.ranking.rerank import rerank_matches
from dgnet.retrieval.verification import roc_of_pairs, verify_pairs


def people(seed: int, num_query: int = 6, num_gallery: int = 24) -> dict[str, np.ndarray]:
    """Some queries are gallery images, one of them twice; whole-numbered features often tie."""
    rng = np.random.default_rng(seed)
    gallery = rng.integers(-3, 4, (num_gallery, 3)).astype(np.float32)
    gallery[gallery.any(axis=1) == 0] = 1
    pids, images = rng.integers(1, 4, num_gallery), np.arange(num_gallery)
    gallery[-1], pids[-1], images[-1] = gallery[0], pids[0], images[0]
    place = np.r_[0, rng.permutation(np.arange(1, num_gallery - 1))[: num_query - 1]]
    query_images = np.where(np.arange(num_query) < num_query - 2, images[place], 100 + np.arange(num_query))
    return {
        "query_features": gallery[place],
        "gallery_features": gallery,
        "query_pids": pids[place],
        "gallery_pids": pids,
        "query_images": query_images,
        "gallery_images": images,
    }


def alone(data: dict[str, np.ndarray], query: int) -> dict[str, np.ndarray]:
    """One query, and the gallery without its image."""
    kept = data["gallery_images"] != data["query_images"][query]
    return {
        "query_features": data["query_features"][query : query + 1],
        "gallery_features": data["gallery_features"][kept],
        "query_pids": data["query_pids"][query : query + 1],
        "gallery_pids": data["gallery_pids"][kept],
    }


@given(seed=st.integers(0, 10_000))
def test_case_06_ranks_are_those_in_a_gallery_without_the_image(seed: int) -> None:
    data = people(seed)
    ranks = rank_matches(**data)
    assert ranks.num_own == 4
    for query in range(6):
        found = ranks.ranks[ranks.offsets[query] : ranks.offsets[query + 1]]
        assert found.tolist() == rank_matches(**alone(data, query)).ranks.tolist()


@given(seed=st.integers(0, 10_000))
def test_case_06_pairs_of_an_image_with_itself_are_no_pairs(seed: int) -> None:
    data = people(seed)
    own = data["query_images"][:, None] == data["gallery_images"]
    similarity = data["query_features"] @ data["gallery_features"].T
    same = data["query_pids"][:, None] == data["gallery_pids"]
    expected = roc_of_pairs(similarity[~own], same[~own])
    found = verify_pairs(**data)
    assert (found.num_same, found.num_different) == (expected.num_same, expected.num_different)
    np.testing.assert_array_equal(found.tpr, expected.tpr)


@given(seed=st.integers(0, 10_000), k=st.integers(1, 30))
def test_case_06_examples_do_not_show_the_query(seed: int, k: int) -> None:
    data = people(seed)
    top = top_gallery(range(6), **data, k=k)
    for query in range(6):
        shown = top.index[query][top.index[query] >= 0]
        assert data["query_images"][query] not in data["gallery_images"][shown]
        own = (data["gallery_images"] == data["query_images"][query]).sum()
        assert len(shown) == min(k, 24 - own)


@given(seed=st.integers(0, 10_000), k=st.integers(1, 8))
def test_case_06_a_query_is_not_expanded_by_itself(seed: int, k: int) -> None:
    data = people(seed)
    noise = np.random.default_rng(seed).normal(size=(30, 3)).astype(np.float32)  # so that nothing ties
    data |= {
        "query_features": data["query_features"] + noise[:6],
        "gallery_features": data["gallery_features"] + noise[6:],
    }
    sides = data["query_features"], data["gallery_features"], data["query_images"], data["gallery_images"]
    expanded = expand_queries(*sides, k=k)
    for query in range(6):
        one = alone(data, query)
        expected = expand_queries(one["query_features"], one["gallery_features"], k=k)
        np.testing.assert_allclose(expanded[query], expected[0], atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_case_06_an_image_on_both_sides_is_one_image_to_re_ranking(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, 8))
    pids = rng.integers(0, 6, 40)
    features = (centres[pids] + rng.normal(size=(40, 8))).astype(np.float32)
    apart = np.arange(40) >= 10
    query = features[:10], pids[:10]
    found = rerank_matches(
        query[0], features, query[1], pids, None, None, np.arange(10), np.arange(40), k1=6, k2=3, progress=False
    )
    other = rerank_matches(query[0], features[apart], query[1], pids[apart], k1=6, k2=3, progress=False)
    for one in range(10):
        mine = found.ranks[found.offsets[one] : found.offsets[one + 1]]
        assert len(mine) == (pids == pids[one]).sum() - 1
    # Without the queries among what is ranked, it is re-ranking of 10 queries in the 30 other images.
    among = rerank_matches(
        query[0], features, query[1], np.where(apart, pids, -1), None, None, np.arange(10), np.arange(40), k1=6, k2=3
    )
    assert among.ranks.tolist() == other.ranks.tolist()


def test_case_06_camera_pairs_and_consistency_leave_it_out_too() -> None:
    data = people(3)
    cameras = {"query_camids": np.zeros(6, dtype=int), "gallery_camids": np.ones(24, dtype=int)}
    plain = {name: value for name, value in data.items() if "images" not in name}
    with_own = camera_pairs(**plain, **cameras)
    without = camera_pairs(**data, **cameras)
    assert without.map_step[0, 1] < with_own.map_step[0, 1]
    assert without.map_step[0, 1] == pytest.approx(evaluate(**data).map_step)
    pairs = np.array([[0, 1], [1, 0]])
    sides = data["query_features"], data["gallery_features"]
    labels = data["query_pids"], data["gallery_pids"], None, None, data["query_images"], data["gallery_images"]
    found = identity_consistency(sides[0][[0, 1]], *sides, pairs, *labels)
    two = {name: value[:2] if "query" in name else value for name, value in data.items()}
    assert found.real.map_step == pytest.approx(evaluate(**two).map_step)


def test_case_06_junk_and_own_images_are_counted_once() -> None:
    data = people(1)
    data["gallery_pids"][:3] = -1
    kept = (data["gallery_pids"] != -1) & (data["query_images"][:, None] != data["gallery_images"])
    same = data["query_pids"][:, None] == data["gallery_pids"]
    found = verify_pairs(**data)
    assert (found.num_same, found.num_different) == ((kept & same).sum(), (kept & ~same).sum())


def test_case_06_both_sides_or_neither_are_numbered() -> None:
    data = people(0)
    with pytest.raises(EvaluationError, match="gallery_images is missing"):
        index_truth(data["query_pids"], data["gallery_pids"], None, None, 6, 24, data["query_images"])
    with pytest.raises(EvaluationError, match=r"no valid query: .* other than itself"):
        evaluate(np.ones((1, 2)), np.ones((1, 2)), [1], [1], None, None, [7], [7])


def test_case_16_the_switch_is_named_where_every_match_is_on_one_camera() -> None:
    arrays = np.eye(2), np.eye(2), [1, 2], [1, 2], [3, 3], [3, 3]
    with pytest.raises(EvaluationError, match=r"2 of them have one by their own camera.*--same_camera"):
        evaluate(*arrays)
    assert evaluate(*arrays[:4]).map_step == 1
