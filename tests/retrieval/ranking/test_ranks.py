"""A test for every rule of the evaluation protocol, on data small enough to work out by hand, and for each refusal."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet.retrieval import EvaluationError, RetrievalResult, evaluate, rank_matches
from dgnet.retrieval.ranking.matches import index_truth
from dgnet.retrieval.ranking.ranks import cmc_curve, score_queries


def one_query(similarity: list[float], gallery_pids: list[int], **options: object) -> RetrievalResult:
    """One query of pid 1 on camera 0 with the given similarities."""
    gallery = np.array(similarity, dtype=np.float32)[:, None]
    return evaluate(np.ones((1, 1), np.float32), gallery, [1], gallery_pids, **options)  # type: ignore[arg-type]


def test_both_average_precisions_by_hand() -> None:
    """True matches at ranks 2 and 4: p = 1/2, 2/4 and b = 0/1, 1/3."""
    result = one_query([0.9, 0.8, 0.7, 0.6], [2, 1, 2, 1])
    assert result.map_step == pytest.approx(0.5)
    assert result.map_trapezoid == pytest.approx(((1 / 2 + 0) / 2 + (1 / 2 + 1 / 3) / 2) / 2)
    assert result.minp == pytest.approx(2 / 4)
    assert result.cmc == {1: 0.0, 5: 1.0, 10: 1.0, 20: 1.0}
    assert result.rank1 == 0.0


def test_precision_before_rank_one_is_one() -> None:
    assert one_query([0.9, 0.1], [1, 2]).map_trapezoid == 1.0


def test_ties_go_to_the_earlier_gallery_image() -> None:
    assert one_query([0.5, 0.5], [2, 1]).rank1 == 0.0
    assert one_query([0.5, 0.5], [1, 2]).rank1 == 1.0


def test_junk_neither_helps_nor_harms() -> None:
    with_junk = one_query([0.9, 0.8, 0.7], [-1, 1, 2])
    assert (with_junk.rank1, with_junk.num_gallery, with_junk.num_junk) == (1.0, 2, 1)


def test_distractors_are_negatives() -> None:
    assert one_query([0.9, 0.8], [0, 1]).rank1 == 0.0


def test_same_camera_is_dropped_only_for_the_same_identity() -> None:
    cameras = {"query_camids": [0], "gallery_camids": [0, 1, 0]}
    own_view = one_query([0.9, 0.8, 0.7], [1, 1, 2], **cameras)
    assert (own_view.rank1, own_view.minp) == (1.0, 1.0)
    other_person = one_query([0.7, 0.8, 0.9], [1, 1, 2], **cameras)
    assert other_person.rank1 == 0.0
    assert one_query([0.9, 0.1, 0.7], [1, 1, 2]).minp == pytest.approx(2 / 3)  # without cameras all three are kept


def test_denominators() -> None:
    arrays = (np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), [1, 7], [1, 2])
    left_out = evaluate(*arrays)
    assert (left_out.rank1, left_out.map_step, left_out.num_query, left_out.num_valid) == (1.0, 1.0, 2, 1)
    divided = evaluate(*arrays, denominator="all")
    assert (divided.rank1, divided.map_step, divided.map_trapezoid, divided.minp) == (0.5, 0.5, 0.5, 0.5)


def test_ranks_are_listed_by_query() -> None:
    ranks = rank_matches(
        np.eye(2, dtype=np.float32), np.array([[1, 0], [0.5, 1], [0, 2]], np.float32), [1, 2], [1, 1, 2]
    )
    assert ranks.ranks.tolist() == [1, 2, 1]
    assert ranks.offsets.tolist() == [0, 2, 3]
    assert score_queries(ranks).first_rank.tolist() == [1, 1]


def test_cmc_curve_holds_the_table() -> None:
    rng = np.random.default_rng(4)
    arrays = (rng.normal(size=(40, 4)), rng.normal(size=(90, 4)), rng.integers(0, 9, 40), rng.integers(0, 9, 90))
    curve, result = cmc_curve(rank_matches(*arrays), longest=30), evaluate(*arrays)
    assert curve.shape == (30,)
    assert {rank: curve[rank - 1] for rank in (1, 5, 10, 20)} == pytest.approx(result.cmc)
    assert curve[0] < curve[4] < curve[-1] <= 1


def test_torch_numpy_and_read_only_memory_maps_agree(tmp_path: object) -> None:
    rng = np.random.default_rng(1)
    query, gallery = rng.normal(size=(5, 8)).astype(np.float32), rng.normal(size=(30, 8)).astype(np.float32)
    query_pids, gallery_pids = rng.integers(0, 4, 5), rng.integers(0, 4, 30)
    from_numpy = evaluate(query, gallery, query_pids, gallery_pids)
    tensors = [torch.from_numpy(array) for array in (query, gallery, query_pids, gallery_pids)]
    assert evaluate(*tensors) == from_numpy
    np.save(f"{tmp_path}/gallery.npy", gallery)
    mapped = np.load(f"{tmp_path}/gallery.npy", mmap_mode="r")
    assert evaluate(query, mapped, query_pids, gallery_pids) == from_numpy


def test_features_are_left_as_they_were() -> None:
    gallery = np.array([[3.0], [2.0], [1.0]], np.float32)
    before = gallery.copy()
    evaluate(np.ones((1, 1), np.float32), gallery, [1], [-1, 1, 1], [0], [0, 0, 1])
    np.testing.assert_array_equal(gallery, before)


ONE = np.ones((1, 2), np.float32)
TWO = np.ones((2, 2), np.float32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.array([[1.0, np.nan]]), TWO, [1], [1, 2]), r"query features: NaN or infinity in row 0"),
        ((ONE, np.array([[1.0, 1.0], [np.inf, 1.0]]), [1], [1, 2]), r"gallery features: NaN or infinity in row 1"),
        ((ONE, np.ones((2, 3)), [1], [1, 2]), r"query features are 2 wide, gallery features 3"),
        ((ONE, np.ones((0, 2)), [1], []), r"gallery features: no features at all"),
        ((np.ones((0, 2)), TWO, [], [1, 2]), r"query features: no features at all"),
        ((np.ones((1, 0)), np.ones((2, 0)), [1], [1, 2]), r"query features: features of width 0"),
        ((np.ones(2), TWO, [1], [1, 2]), r"query features: expected features of shape N×F, found shape \(2,\)"),
        ((TWO * 1j, TWO, [1, 2], [1, 2]), r"query features: expected real numbers, found torch.complex"),
        ((ONE, TWO, [3], [1, 2]), r"no valid query: none of the 1 queries has a true match in the gallery"),
        ((ONE, TWO, [1], [1, 2], [0], [0, 0]), r"no valid query: .* in another camera"),
        ((ONE, TWO, [1], [1]), r"gallery_pids: expected 2 values, one per image, found shape \(1,\)"),
        ((ONE, TWO, [1.0], [1, 2]), r"query_pids: expected whole numbers, found float64"),
        ((ONE, TWO, [1], [1, 2], [0]), r"gallery_camids is missing"),
        ((ONE, TWO, [1], [1, 2], None, [0, 1]), r"query_camids is missing"),
        ((ONE, TWO, [1], [1, 2], [0], [1, -1]), r"gallery_camids: 1 images of unknown camera \(first at 1: -1\)"),
        ((ONE, TWO, [-1], [1, 2]), r"query_pids: 1 queries are junk"),
        ((ONE, TWO, [1], [-1, -1]), r"all 2 gallery images are junk"),
        ((ONE * 1e30, TWO * 1e30, [1], [1, 2]), r"L2-normalise them first"),
    ],
)
def test_clear_errors(arguments: tuple, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(*arguments)


def test_unknown_denominator_is_refused() -> None:
    with pytest.raises(EvaluationError, match='expected "valid" or "all", found \'some\''):
        evaluate(ONE, TWO, [1], [1, 2], denominator="some")  # type: ignore[arg-type]


@pytest.mark.parametrize("with_cameras", [True, False])
def test_true_matches_and_dropped_images_come_in_gallery_order(with_cameras: bool) -> None:
    """The gallery is so large that an unstable sort would not keep the order by chance."""
    rng = np.random.default_rng(5)
    gallery_pids, gallery_camids = rng.integers(-1, 3, 2000), rng.integers(0, 3, 2000)
    cameras = ([0, 2], gallery_camids) if with_cameras else (None, None)
    truth = index_truth([2, 0], gallery_pids, *cameras, 2, 2000)
    for query, (pid, camid) in enumerate([(2, 0), (0, 2)]):
        same = np.flatnonzero(gallery_pids == pid)
        own = gallery_camids[same] == camid if with_cameras else np.zeros(len(same), bool)
        matches, dropped = truth.split(query)
        assert matches.tolist() == same[~own].tolist()
        assert dropped.tolist() == same[own].tolist()
    assert truth.num_kept == (gallery_pids != -1).sum()


@pytest.mark.parametrize("spread", [2, 1000])
def test_blocks_of_queries_and_ties_at_their_edges(spread: int) -> None:
    """Ranks in a larger gallery, with any block size, equal those of a stable sort; so do all counts."""
    rng = np.random.default_rng(spread)
    query = rng.integers(-spread, spread + 1, (7, 2)).astype(np.float32)
    gallery = rng.integers(-spread, spread + 1, (300, 2)).astype(np.float32)
    query_pids, gallery_pids = rng.integers(1, 4, 7), rng.integers(-1, 9, 300)
    kept = np.flatnonzero(gallery_pids != -1)
    expected = []
    for features, pid in zip(query, query_pids, strict=True):
        order = kept[np.argsort(-(gallery[kept] @ features), kind="stable")]
        expected.append((1 + np.flatnonzero(gallery_pids[order] == pid)).tolist())
    for rows in (1, 2, 3, 6, 7, 100):
        found = rank_matches(query, gallery, query_pids, gallery_pids, block_bytes=rows * 4 * 300)
        parts = np.split(found.ranks, found.offsets[1:-1])
        assert [part.tolist() for part in parts] == expected
        assert (found.num_query, found.num_gallery, found.num_junk) == (7, len(kept), 300 - len(kept))
        assert not found.same_camera_filtering


def test_queries_without_a_match_are_left_out_wherever_they_stand() -> None:
    eye = np.eye(4, dtype=np.float32)
    ranks = rank_matches(eye, eye[::-1].copy(), [8, 1, 9, 2], [2, 9, 1, 1])
    scores = score_queries(ranks)
    assert ranks.num_matches.tolist() == [0, 2, 1, 1]
    assert scores.query.tolist() == [1, 2, 3]
    assert scores.first_rank.tolist() == [1, 1, 1]


def test_cmc_at_each_of_its_ranks_counts_a_match_that_is_just_there() -> None:
    """One true match at rank r in a gallery of 30, for r on both sides of 1, 5, 10 and 20."""
    for rank in (1, 2, 5, 6, 10, 11, 20, 21, 30):
        pids = [2] * 30
        pids[rank - 1] = 1
        result = one_query(np.linspace(1, 0.1, 30).tolist(), pids)
        assert result.cmc == {k: float(rank <= k) for k in (1, 5, 10, 20)}
        curve = cmc_curve(rank_matches(np.ones((1, 1)), np.linspace(1, 0.1, 30)[:, None], [1], pids), longest=20)
        assert curve.tolist() == [float(rank <= k) for k in range(1, 21)]


def test_the_curve_is_fifty_ranks_long() -> None:
    ranks = rank_matches(np.ones((1, 1)), np.ones((2, 1)), [1], [2, 1])
    assert cmc_curve(ranks).tolist() == [0.0] + [1.0] * 49
