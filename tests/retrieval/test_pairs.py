"""Pairs of labelled images by pair of cameras, against walking every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.retrieval import EvaluationError, pairs
from dgnet.retrieval.pairs import Kind, kinds_of_pairs, together
from dgnet.retrieval.verification import roc_of_counts, verify_pairs


def images(seed: int, number: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole-numbered features, so that similarities are exact and often tie; five people on three cameras."""
    rng = np.random.default_rng(seed)
    return rng.integers(-2, 3, (number, 3)).astype(np.float32), rng.integers(0, 5, number), rng.integers(0, 3, number)


def walked(features: np.ndarray, people: np.ndarray, camids: np.ndarray, same_camera: bool) -> dict[tuple, tuple]:
    """(pair of cameras) -> similarities of pairs of one person and of two, with the two people, pair by pair."""
    found: dict[tuple, tuple] = {}
    for i in range(len(people)):
        for j in range(i + 1, len(people)):
            key = tuple(sorted((int(camids[i]), int(camids[j]))))
            same, apart = found.setdefault(key, ([], []))
            value = float(features[i] @ features[j])
            if people[i] != people[j]:
                apart.append((value, *sorted((int(people[i]), int(people[j])))))
            elif same_camera or camids[i] != camids[j]:
                same.append(value)
    return found


@given(
    seed=st.integers(0, 1000),
    same_camera=st.booleans(),
    block_values=st.sampled_from([1, 37, 1 << 20]),
    share=st.sampled_from([0.05, 1.0]),
)
def test_every_pair_is_counted_once(seed: int, same_camera: bool, block_values: int, share: float) -> None:
    features, people, camids = images(seed)
    expected = walked(features, people, camids, same_camera)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_SAMPLE", 3 if share < 1 else 20_000)  # a cut even where there are few pairs
        kinds = list(
            kinds_of_pairs(
                features, people, camids, same_camera=same_camera, kept_share=share, block_values=block_values
            )
        )
    assert {kind.cameras for kind in kinds} == set(expected)
    labels = np.unique(people)
    for kind in kinds:
        same, apart = expected[kind.cameras]
        assert kind.same.tolist() == sorted(same, reverse=True)
        assert kind.num_different == len(apart)
        kept = sorted(one for one in apart if one[0] >= kind.cut)
        assert sorted(zip(kind.top.tolist(), labels[kind.first], labels[kind.second], strict=True)) == kept
        assert (np.diff(kind.top) <= 0).all()
        if share == 1.0:
            assert len(kind.top) == len(apart)


def same_roc(whole: Kind, features: np.ndarray, people: np.ndarray, camids: np.ndarray | None) -> None:
    """The histogram of all kinds together is that of `verify_pairs`, which sees each pair twice."""
    own = np.arange(len(people))
    roc = verify_pairs(features, features, people, people, camids, camids, own, own, progress=False)
    num_bins = 1 << 17
    scale = num_bins / 2 / whole.bound
    same = np.bincount(((whole.same.astype(np.float64) + whole.bound) * scale).astype(int), minlength=num_bins)
    ours = roc_of_counts(same, whole.counts, whole.bound)
    assert (2 * ours.num_same, 2 * ours.num_different) == (roc.num_same, roc.num_different)
    assert ours.fpr == pytest.approx(roc.fpr)
    assert ours.tpr == pytest.approx(roc.tpr)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("known", [True, False])
def test_all_kinds_together_are_the_pairs_of_verification(seed: int, known: bool) -> None:
    features, people, camids = images(seed)
    cameras = camids if known else None
    whole = together(list(kinds_of_pairs(features, people, cameras, num_bins=1 << 17)))
    same_roc(whole, features, people, cameras)
    assert whole.left.tolist() == np.bincount(people).tolist()
    assert (np.diff(whole.same) <= 0).all()
    assert (np.diff(whole.top) <= 0).all()


def test_what_is_kept_of_all_kinds_is_enough_for_the_largest_rate() -> None:
    """Camera 1 makes everybody alike, so most of what is highest overall is of its pairs alone."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1800, 8)).astype(np.float32)
    camids = np.arange(1800) % 2
    features[camids == 1] += 2
    people = rng.integers(0, 400, 1800)
    kinds = list(kinds_of_pairs(features, people, camids, kept_share=0.03))
    whole = together(kinds)
    assert np.isfinite(whole.cut)
    assert len(whole.top) < 0.1 * whole.num_different
    for kind in (*kinds, whole):
        assert len(kind.top) > 0.02 * kind.num_different


def test_unknown_cameras_and_nan_are_refused() -> None:
    features, people, camids = images(0)
    with pytest.raises(EvaluationError, match="unknown camera"):
        list(kinds_of_pairs(features, people, np.where(camids == 1, -1, camids)))
    features[3, 1] = np.nan
    with pytest.raises(EvaluationError, match="NaN or infinity in row 3"):
        list(kinds_of_pairs(features, people, camids))
