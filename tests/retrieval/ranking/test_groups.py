"""Figures of groups of queries: each group's are those of its queries evaluated alone."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.retrieval.ranking.groups import by_group, thirds
from dgnet.retrieval.ranking.ranks import evaluate, rank_matches


def test_a_groups_figures_are_those_of_its_queries_alone() -> None:
    rng = np.random.default_rng(0)
    query, gallery = rng.normal(size=(40, 8)).astype(np.float32), rng.normal(size=(90, 8)).astype(np.float32)
    pids, gallery_pids = rng.integers(1, 12, 40), rng.integers(1, 10, 90)  # some queries have no true match
    camids, gallery_camids = rng.integers(1, 4, 40), rng.integers(1, 4, 90)
    ranks = rank_matches(query, gallery, pids, gallery_pids, camids, gallery_camids, progress=False)
    found = by_group(ranks, pids, camids - 1, ["1", "2", "3", "nobody's"])
    assert [group.name for group in found] == ["1", "2", "3"]
    assert sum(group.num_query for group in found) == 40
    for group in found:
        own = camids == int(group.name)
        alone = evaluate(query[own], gallery, pids[own], gallery_pids, camids[own], gallery_camids, progress=False)
        assert group.num_query == alone.num_query
        assert group.num_valid == alone.num_valid < group.num_query
        assert group.num_ids == len(set(pids[own].tolist()))
        assert group.rank1 == pytest.approx(alone.rank1)
        assert group.map_step == pytest.approx(alone.map_step)


def test_thirds_are_equally_large_where_no_two_values_are_equal() -> None:
    third, (low, high) = thirds(np.random.default_rng(0).permutation(30) / 30)
    assert np.bincount(third).tolist() == [10, 10, 10]
    assert low < high
    third, _ = thirds(np.ones(9))
    assert third.tolist() == [2] * 9
