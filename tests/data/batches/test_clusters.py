"""Clusters and their images are drawn as stated, as a pure function of seed, step and rank."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.data.batches.clusters import ClusterSampler

LABELS = np.array([0] * 6 + [1] * 2 + [2] * 8 + [-1] * 4 + [3] * 3)
CAMIDS = np.array([1, 1, 1, 1, 2, 3, 1, 2, 1, 1, 1, 1, 1, 1, 2, 2, 0, 0, 0, 0, 4, 4, 4])


def sampler_of(num_ids: int = 3, num_images: int = 4, rank: int = 0, world_size: int = 1) -> ClusterSampler:
    return ClusterSampler(LABELS, CAMIDS, num_ids, num_images, 7, rank, world_size)


def test_each_batch_has_different_clusters_and_no_outlier() -> None:
    seen = set()
    for step in range(40):
        groups = LABELS[sampler_of().batch(step)].reshape(3, 4)
        assert (groups == groups[:, :1]).all()
        assert len(set(groups[:, 0].tolist())) == 3
        seen |= set(groups[:, 0].tolist())
    assert seen == {0, 1, 2, 3}


def test_images_go_round_the_cameras() -> None:
    for step in range(30):
        for group in sampler_of().batch(step).reshape(3, 4):
            cluster = LABELS[group[0]]
            cameras = CAMIDS[group].tolist()
            if cluster == 0:
                assert set(cameras[:3]) == {1, 2, 3}
                assert len(set(group.tolist())) == 4
            if cluster == 1:
                assert sorted(group.tolist()) == [6, 6, 7, 7]
            if cluster == 2:
                assert sorted(cameras) == [1, 1, 2, 2]
            if cluster == 3:
                assert len(set(group.tolist())) == 3


def test_more_clusters_than_there_are_come_again() -> None:
    groups = LABELS[sampler_of(num_ids=9).batch(0)].reshape(9, 4)
    assert (groups == groups[:, :1]).all()


@pytest.mark.parametrize("step", [0, 5])
def test_the_ranks_batches_are_that_of_one_process(step: int) -> None:
    whole = sampler_of(num_ids=4).batch(step)
    parts = [sampler_of(2, 4, rank, 2).batch(step) for rank in range(2)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert sampler_of(2, 4, 1, 2).everyone(step).tolist() == whole.tolist()
    assert sampler_of(num_ids=4).batch(step + 1).tolist() != whole.tolist()
