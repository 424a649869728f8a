from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.data.batches.pairs import PairSampler
from dgnet.data.records import DataError

LABELS = [0, 0, 0, 0, 1, 1, 1, 2, 3, 3]
CAMIDS = [1, 1, 2, 3, 1, 1, 1, 2, 4, 5]


@given(
    images=st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 3)), min_size=2, max_size=30).filter(
        lambda images: len({label for label, _ in images}) > 1
    ),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 2**40),
)
def test_every_pair_follows_the_rule(images, batch_size, seed):
    labels, camids = (np.array(column) for column in zip(*images, strict=True))
    sampler = PairSampler(labels, camids, batch_size, seed)
    for step in (0, 3):
        pairs = sampler.batch(step)
        assert pairs.anchor.dtype == pairs.partner.dtype == np.int64
        assert pairs.anchor.shape == pairs.partner.shape == (batch_size,)
        for anchor, partner in zip(pairs.anchor, pairs.partner, strict=True):
            same = labels == labels[anchor]
            elsewhere = same & (camids != camids[anchor])
            others = same & (np.arange(len(labels)) != anchor)
            allowed = elsewhere if elsewhere.any() else others if others.any() else same
            assert allowed[partner]


def test_partners_are_drawn_evenly_from_all_candidates():
    sampler = PairSampler(LABELS, CAMIDS, 10, seed=1)
    counts = np.zeros((10, 10), dtype=int)
    for step in range(600):
        pairs = sampler.batch(step)
        np.add.at(counts, (pairs.anchor, pairs.partner), 1)
    assert (counts.sum(axis=1) == 600).all()
    expected = {0: (2, 3), 2: (0, 1, 3), 4: (5, 6), 7: (7,), 8: (9,)}
    for anchor, partners in expected.items():
        assert set(np.flatnonzero(counts[anchor])) == set(partners)
        for partner in partners:
            assert abs(counts[anchor, partner] - 600 / len(partners)) < 75


@pytest.mark.parametrize("batch_size", [3, 10, 23])
def test_epochs_visit_every_image_once_each_in_a_new_order(batch_size):
    sampler = PairSampler(LABELS, CAMIDS, batch_size, seed=5)
    stream = np.concatenate([sampler.batch(step).anchor for step in range(30)])
    epochs = stream[: len(stream) // 10 * 10].reshape(-1, 10)
    assert (np.sort(epochs, axis=1) == np.arange(10)).all()
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_a_batch_is_a_function_of_seed_and_step_alone():
    walked = PairSampler(LABELS, CAMIDS, 4, seed=9)
    for step in range(12):
        walked.batch(step)
    for step in (11, 0, 7):
        jumped = PairSampler(LABELS, CAMIDS, 4, seed=9).batch(step)
        again = walked.batch(step)
        assert (jumped.anchor == again.anchor).all()
        assert (jumped.partner == again.partner).all()
    other = PairSampler(LABELS, CAMIDS, 10, seed=10).batch(0)
    assert (other.anchor != PairSampler(LABELS, CAMIDS, 10, seed=9).batch(0).anchor).any()


def test_partners_are_drawn_anew_at_every_step():
    sampler = PairSampler([0] * 50 + [1] * 50, [0] * 100, 100, seed=3)
    drawn = []
    for step in (0, 1):
        pairs = sampler.batch(step)
        drawn.append(pairs.partner % 50 - (pairs.partner > pairs.anchor))  # which of the 49 candidates, slot by slot
    assert (drawn[0] != drawn[1]).mean() > 0.9


def test_ranks_together_draw_what_one_process_draws():
    whole = PairSampler(LABELS, CAMIDS, 12, seed=2)
    ranks = [PairSampler(LABELS, CAMIDS, 4, seed=2, rank=rank, world_size=3) for rank in range(3)]
    for step in (0, 1, 5):
        parts = [sampler.batch(step) for sampler in ranks]
        assert (np.concatenate([part.anchor for part in parts]) == whole.batch(step).anchor).all()
        assert (np.concatenate([part.partner for part in parts]) == whole.batch(step).partner).all()


def test_lonely_identities_are_counted():
    assert PairSampler(LABELS, CAMIDS, 4, seed=0).num_lonely == 1


def test_one_identity_alone_is_refused():
    with pytest.raises(DataError, match="at least two identities"):
        PairSampler([3, 3, 3], [1, 2, 3], 2, seed=0)
    with pytest.raises(DataError, match="found 0 in 0 images"):
        PairSampler([], [], 2, seed=0)


def test_arguments_out_of_range_are_refused():
    for arguments in ({"batch_size": 0}, {"rank": 2, "world_size": 2}, {"seed": -1}):
        with pytest.raises(ValueError, match="out of range"):
            PairSampler(LABELS, CAMIDS, **{"batch_size": 4, "seed": 0, **arguments})
    with pytest.raises(ValueError, match="one length"):
        PairSampler(LABELS, CAMIDS[:-1], 4, seed=0)
    with pytest.raises(ValueError, match="step=-1"):
        PairSampler(LABELS, CAMIDS, 4, seed=0).batch(-1)


def test_every_step_can_be_the_first():
    """A step's pairs do not depend on the epochs that were drawn before."""
    walked = PairSampler(LABELS, CAMIDS, 4, seed=9)
    for step in range(12):
        first, then = PairSampler(LABELS, CAMIDS, 4, seed=9).batch(step), walked.batch(step)
        assert (first.anchor == then.anchor).all()
        assert (first.partner == then.partner).all()


def test_labels_need_be_neither_contiguous_nor_sorted():
    """Images of one camera but of two identities are never taken for partners."""
    labels, camids = [7, -2, 7, -2, 7], [1, 1, 1, 2, 2]
    sampler = PairSampler(labels, camids, 5, seed=0)
    partners = {anchor: set() for anchor in range(5)}
    for step in range(200):
        pairs = sampler.batch(step)
        for anchor, partner in zip(pairs.anchor.tolist(), pairs.partner.tolist(), strict=True):
            partners[anchor].add(partner)
    assert partners == {0: {4}, 2: {4}, 4: {0, 2}, 1: {3}, 3: {1}}


def test_the_least_that_is_asked_for_is_given():
    assert PairSampler([0, 1], [0, 0], 1, seed=0).batch(0).anchor.shape == (1,)
    for arguments in ({"rank": -1}, {"rank": 1}, {"batch_size": -1}):
        with pytest.raises(ValueError, match="out of range"):
            PairSampler(LABELS, CAMIDS, **{"batch_size": 4, "seed": 0, **arguments})
    with pytest.raises(ValueError, match="one length"):
        PairSampler([LABELS], [CAMIDS], 4, seed=0)
