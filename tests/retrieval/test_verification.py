"""ROC, operating points and camera pairs against direct counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.retrieval import EvaluationError, evaluate
from dgnet.retrieval import verification as verification_module
from dgnet.retrieval.ranking.cameras import camera_pairs
from dgnet.retrieval.verification import Roc, roc_of_pairs, verify_pairs


def people(seed: int, scale: float = 1.0) -> dict[str, np.ndarray]:
    """A few identities on three cameras; whole-numbered features, so that similarities are exact and often tie."""
    rng = np.random.default_rng(seed)
    return {
        "query_features": scale * rng.integers(-3, 4, (6, 3)).astype(np.float32),
        "gallery_features": scale * rng.integers(-3, 4, (30, 3)).astype(np.float32),
        "query_pids": rng.integers(1, 4, 6),
        "gallery_pids": np.append(rng.integers(-1, 4, 28), [1, 0]),
        "query_camids": rng.integers(0, 3, 6),
        "gallery_camids": rng.integers(0, 3, 30),
    }


def kept_pairs(data: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The similarity of every kept pair, and whether it is of one identity, one by one."""
    values, marks = [], []
    for q, pid in enumerate(data["query_pids"]):
        for g, other in enumerate(data["gallery_pids"]):
            if other == -1 or (other == pid and data["query_camids"][q] == data["gallery_camids"][g]):
                continue
            values.append(float(data["query_features"][q].astype(float) @ data["gallery_features"][g].astype(float)))
            marks.append(other == pid)
    return np.array(values), np.array(marks)


@given(
    seed=st.integers(0, 10_000), scale=st.sampled_from([1.0, 0.125, 1024.0]), at_once=st.sampled_from([1, 70, 1 << 20])
)
def test_every_point_of_the_curve_is_an_exact_count(seed: int, scale: float, at_once: int) -> None:
    data = people(seed, scale)
    values, marks = kept_pairs(data)
    if not marks.any():
        with pytest.raises(EvaluationError, match="pairs of the same person, and there are none"):
            verify_pairs(**data)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification_module, "_VALUES_AT_ONCE", at_once)
        roc = verify_pairs(**data, block_bytes=300)
    assert (roc.num_same, roc.num_different) == (marks.sum(), (~marks).sum())
    assert len(roc.thresholds) == 1 + len(np.unique(values))
    for threshold, fpr, tpr in zip(roc.thresholds, roc.fpr, roc.tpr, strict=True):
        assert tpr == pytest.approx((values[marks] >= threshold).mean(), abs=1e-12)
        assert fpr == pytest.approx((values[~marks] >= threshold).mean(), abs=1e-12)
    listed = roc_of_pairs(values, marks)
    np.testing.assert_array_equal(listed.fpr, roc.fpr)
    np.testing.assert_array_equal(listed.tpr, roc.tpr)


def random_roc() -> tuple[Roc, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    marks = np.arange(4000) % 4 == 0
    values = np.where(marks, rng.normal(0.5, 0.2, 4000), rng.normal(0, 0.2, 4000)).astype(np.float32)
    return roc_of_pairs(values, marks), values, marks


def test_area_is_the_chance_that_a_same_pair_outranks_a_different_one() -> None:
    roc, values, marks = random_roc()
    same, different = values[marks][:, None], values[~marks]
    expected = (same > different).mean() + 0.5 * (same == different).mean()
    assert roc.area == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("fpr", [0.0, 0.01, 0.1, 1.0])
def test_threshold_at_an_fpr_is_the_lowest_that_holds_it(fpr: float) -> None:
    roc, values, marks = random_roc()
    point = roc.at_fpr(fpr)
    assert (values[~marks] >= point.threshold).mean() == point.fpr <= fpr
    assert (values[marks] >= point.threshold).mean() == point.tpr > 0.05
    rejected = values[~marks & (values < point.threshold)]
    if fpr < 1:  # to accept the next pair of different people would be too many
        assert (values[~marks] >= rejected.max()).mean() > fpr
    else:
        assert rejected.size == 0


def test_equal_error_point() -> None:
    roc, values, marks = random_roc()
    point = roc.equal_error()
    rejected = (values[marks] < point.threshold).mean()
    assert point.fpr == pytest.approx(rejected, abs=0.002)
    assert 0.05 < point.fpr < 0.2


def test_too_few_pairs_to_tell() -> None:
    roc, _, _ = random_roc()
    with pytest.raises(EvaluationError, match=r"FPR 0.0001 cannot be told from 3000 pairs"):
        roc.at_fpr(1e-4)
    with pytest.raises(EvaluationError, match="a fraction in"):
        roc.at_fpr(2)


@pytest.mark.parametrize(
    ("values", "marks", "message"),
    [
        ([0.1, 0.2], [True], "one similarity and one mark per pair"),
        ([0.1, 0.2], [True, True], "of different people"),
        ([0.1, np.nan], [True, False], "finite similarities"),
    ],
)
def test_lists_of_pairs_that_say_nothing(values: list[float], marks: list[bool], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        roc_of_pairs(values, marks)


def test_all_zero_features_are_one_point() -> None:
    roc = roc_of_pairs([0.0, 0.0], [True, False])
    assert roc.fpr.tolist() == [0, 1]
    assert roc.area == 0.5


@pytest.mark.parametrize("seed", range(5))
def test_camera_pairs_equal_an_evaluation_of_each_pair_alone(seed: int) -> None:
    data = people(seed)
    pairs = camera_pairs(**data)
    assert pairs.cameras == (0, 1, 2)
    for row, query_camera in enumerate(pairs.cameras):
        of_query = data["query_camids"] == query_camera
        for column, gallery_camera in enumerate(pairs.cameras):
            of_gallery = data["gallery_camids"] == gallery_camera
            alone = None
            if of_query.any() and query_camera != gallery_camera:
                try:
                    alone = evaluate(
                        data["query_features"][of_query],
                        data["gallery_features"][of_gallery],
                        data["query_pids"][of_query],
                        data["gallery_pids"][of_gallery],
                    )
                except EvaluationError:
                    alone = None
            if alone is None:
                assert np.isnan(pairs.map_step[row, column])
                assert pairs.num_valid[row, column] == 0
            else:
                assert pairs.map_step[row, column] == pytest.approx(alone.map_step)
                assert pairs.rank1[row, column] == pytest.approx(alone.rank1)
                assert pairs.num_valid[row, column] == alone.num_valid


def test_camera_pairs_need_cameras() -> None:
    data = people(0)
    data["gallery_camids"] = data["gallery_camids"] - 1
    with pytest.raises(EvaluationError, match="unknown camera"):
        camera_pairs(**data)


def test_of_thresholds_that_accept_as_many_the_lowest_is_taken() -> None:
    """Same identity at .875 and .625, different at .75 and .5: a false accept is one of two."""
    roc = roc_of_pairs([0.875, 0.75, 0.625, 0.5], [True, False, True, False])
    assert roc.thresholds[1:].tolist() == [0.875, 0.75, 0.625, 0.5]
    assert roc.fpr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert roc.tpr.tolist() == [0, 0.5, 0.5, 1, 1]
    assert (roc.at_fpr(0).threshold, roc.at_fpr(0.5).threshold, roc.at_fpr(0.99).threshold) == (0.875, 0.625, 0.625)
    assert (roc.at_fpr(1).threshold, roc.at_fpr(1).fpr, roc.at_fpr(1).tpr) == (0.5, 1, 1)
    assert roc.area == 0.75
    even = roc.equal_error()  # one of two accepted falsely, one of two rejected falsely
    assert (even.threshold, even.fpr, even.tpr) == (0.75, 0.5, 0.5)


def test_nothing_is_accepted_at_the_first_threshold() -> None:
    roc = roc_of_pairs([0.875, 1.0], [True, False])
    assert roc.thresholds[0] > 1.0
    assert (roc.fpr[0], roc.tpr[0]) == (0, 0)
    assert roc.at_fpr(0.0).tpr == 0


def test_one_false_accept_of_as_many_pairs_as_there_are_can_be_told() -> None:
    roc, _, _ = random_roc()
    assert roc.at_fpr(1 / 3000).fpr == 1 / 3000
    with pytest.raises(EvaluationError, match="cannot be told"):
        roc.at_fpr(0.99 / 3000)
    for outside in (-0.1, 1.1):
        with pytest.raises(EvaluationError, match="a fraction in"):
            roc.at_fpr(outside)


def test_a_gallery_of_one_person_says_nothing_of_others() -> None:
    with pytest.raises(EvaluationError, match="pairs of different people, and there are none"):
        verify_pairs(np.ones((1, 2)), np.ones((2, 2)), [1], [1, 1])


@pytest.mark.parametrize(
    ("values", "marks"),
    [([0.1, 0.2], [False, False]), ([[0.1, 0.2]], [[True, False]]), ([np.inf, 0.2], [True, False])],
)
def test_more_lists_of_pairs_that_say_nothing(values: list, marks: list) -> None:
    with pytest.raises(EvaluationError, match="expected"):
        roc_of_pairs(values, marks)


@pytest.mark.parametrize("largest", [0.75, 1.0, 3.0, 4.0, 1000.0])
def test_edges_are_exact_whatever_the_greatest_similarity(largest: float) -> None:
    """A similarity that is a whole number of bins is itself a threshold, for both signs."""
    values = largest * np.array([1.0, 0.5, 0.25, 0.0, -0.25, -1.0])
    roc = roc_of_pairs(values, [True, False, True, False, True, False])
    assert roc.thresholds[1:].tolist() == values.tolist()
    assert roc.tpr.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1, 1])
    assert roc.fpr.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])
