"""Identity and structure of generated people, against direct counts and on pictures with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet.quality.consistency import (
    code_distances,
    cross_pairs,
    edge_maps,
    identity_consistency,
    structure_consistency,
)
from dgnet.retrieval import EvaluationError, evaluate


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_of_different_people_and_everyone_has_a_turn(seed: int) -> None:
    pids = np.random.default_rng(seed).integers(0, 4, 40)
    i, j = cross_pairs(pids, 1000, seed).T
    assert j.tolist() == list(range(40))
    assert (pids[i] != pids[j]).all()
    assert len(set(pids[i])) == 4
    some = cross_pairs(pids, 10, seed)
    assert some.shape == (10, 2)
    assert len(set(some[:, 1])) == 10
    np.testing.assert_array_equal(some, cross_pairs(pids, 10, seed))


def test_everyone_but_the_giver_is_drawn_equally_often() -> None:
    pids = np.array([5, 1, 5, 2, 3, 3])
    counts = np.zeros((6, 6), dtype=int)
    for seed in range(3000):
        i, j = cross_pairs(pids, 6, seed).T
        counts[j, i] += 1
    allowed = pids[:, None] != pids[None]
    expected = 3000 / allowed.sum(axis=1, keepdims=True) * allowed
    assert (counts[~allowed] == 0).all()
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def test_one_person_alone_cannot_be_paired() -> None:
    with pytest.raises(EvaluationError, match="all 3 images are of one person"):
        cross_pairs([7, 7, 7], 5)


def people() -> tuple[np.ndarray, ...]:
    """Queries and gallery of five people on two cameras, with unit features near each person's own axis."""
    rng = np.random.default_rng(0)
    query_pids, gallery_pids = np.arange(10) % 5, np.arange(30) % 5
    query = np.eye(5)[query_pids] + 0.05 * rng.normal(size=(10, 5))
    gallery = np.eye(5)[gallery_pids] + 0.05 * rng.normal(size=(30, 5))
    return query, gallery, query_pids, gallery_pids, np.arange(10) % 2, np.arange(30) // 5 % 2


def test_a_swap_that_is_the_person_scores_as_the_person_and_a_copy_as_nobody() -> None:
    query, gallery, query_pids, gallery_pids, query_camids, gallery_camids = people()
    pairs = cross_pairs(query_pids, 10)
    i, j = pairs.T
    labels = (query_pids, gallery_pids, query_camids, gallery_camids)
    perfect = identity_consistency(query[i], query, gallery, pairs, *labels)
    assert perfect.swapped == perfect.real
    assert perfect.real.rank1 == 1.0
    assert perfect.copied.rank1 == 0.0
    lazy = identity_consistency(query[j], query, gallery, pairs, *labels)
    assert lazy.swapped == lazy.copied
    between = identity_consistency(0.6 * query[i] + 0.4 * query[j], query, gallery, pairs, *labels)
    assert between.swapped.rank1 == 1.0
    assert between.copied.map_step < between.swapped.map_step <= between.real.map_step
    expected = evaluate(query[j], gallery, query_pids[i], gallery_pids, query_camids[i], gallery_camids)
    assert lazy.copied == expected


def test_without_cameras_none_is_left_out() -> None:
    query, gallery, query_pids, gallery_pids, *_ = people()
    pairs = cross_pairs(query_pids, 10)
    found = identity_consistency(query[pairs[:, 0]], query, gallery, pairs, query_pids, gallery_pids)
    assert not found.swapped.same_camera_filtering
    with pytest.raises(EvaluationError, match="3 swapped images for 10 pairs"):
        identity_consistency(query[:3], query, gallery, pairs, query_pids, gallery_pids)


def pictures(num: int = 12) -> np.ndarray:
    """Bright boxes, each at its own place, on a dark ground; uint8 num×32×16×3."""
    images = np.full((num, 32, 16, 3), 30, dtype=np.uint8)
    for index, image in enumerate(images):
        top, left = 2 + 2 * (index % 6), 2 + 5 * (index // 6)
        image[top : top + 14, left : left + 5] = 200
    return images


def test_edges_stay_where_they_are_when_colours_change() -> None:
    images = pictures()
    recoloured = np.where(images > 100, np.array([90, 60, 160], np.uint8), np.array([20, 35, 25], np.uint8))
    maps, others = edge_maps(images), edge_maps(recoloured)
    np.testing.assert_allclose(np.linalg.norm(maps, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose((maps * others).sum(axis=1), 1, atol=1e-4)
    grey = images.astype(np.float64).mean(axis=3)
    magnitude = [
        [np.hypot(grey[3, y + 1, x] - grey[3, y - 1, x], grey[3, y, x + 1] - grey[3, y, x - 1]) for x in range(1, 15)]
        for y in range(1, 31)
    ]
    other = grey[4]
    other_magnitude = [
        [np.hypot(other[y + 1, x] - other[y - 1, x], other[y, x + 1] - other[y, x - 1]) for x in range(1, 15)]
        for y in range(1, 31)
    ]
    expected = np.corrcoef(np.ravel(magnitude), np.ravel(other_magnitude))[0, 1]
    assert float(maps[3] @ maps[4]) == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(edge_maps(np.zeros((1, 8, 8, 3), np.uint8))).all()


def test_structure_between_its_bounds() -> None:
    j = pictures()
    i = np.roll(j, 5, axis=0)
    code, other = np.full(12, 0.2), np.full(12, 0.8)
    kept = structure_consistency(j, i, j, code, other)
    assert (kept.num_pairs, kept.found, kept.other_found) == (12, 1.0, 0.0)
    assert kept.edges == pytest.approx(1, abs=1e-5)
    assert kept.edges > kept.other_edges
    assert (kept.code, kept.other_code) == pytest.approx((0.2, 0.8))
    assert kept.code_ratio == pytest.approx(0.25)
    lost = structure_consistency(i, i, j, other, other)
    assert (lost.found, lost.edges, lost.code_ratio) == (lost.other_found, lost.other_edges, 1.0)
    half = structure_consistency(np.concatenate([j[:6], i[6:]]), i, j, code, other)
    assert half.found == 0.5


def test_two_equal_givers_are_each_found() -> None:
    j = pictures()[[0, 0, 1]]
    kept = structure_consistency(j, j[::-1], j, np.zeros(3), np.ones(3))
    assert kept.found == 1.0


def test_pairs_that_do_not_fit_are_refused() -> None:
    j, values = pictures(3), np.ones(3)
    with pytest.raises(EvaluationError, match=r"expected the same pairs throughout, found \[2, 3\]"):
        structure_consistency(j, j, j, values[:2], values)
    with pytest.raises(EvaluationError, match=r"found \[0\]"):
        structure_consistency(j[:0], j[:0], j[:0], values[:0], values[:0])


def test_code_distances_are_means_over_each_code() -> None:
    codes, others = torch.randn(3, 4, 5, 2), torch.randn(3, 4, 5, 2)
    expected = [float(np.abs(a.numpy() - b.numpy()).mean()) for a, b in zip(codes, others, strict=True)]
    np.testing.assert_allclose(code_distances(codes, others), expected, rtol=1e-5)
