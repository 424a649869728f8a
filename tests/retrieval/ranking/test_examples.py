"""Ranked examples agree with the ranks that are evaluated."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dgnet.retrieval import rank_matches
from dgnet.retrieval.ranking.examples import hardest_queries, top_gallery
from dgnet.retrieval.ranking.ranks import score_queries


def people(seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return (
        rng.integers(-2, 3, (8, 3)).astype(np.float32),
        rng.integers(-2, 3, (25, 3)).astype(np.float32),
        rng.integers(1, 4, 8),
        np.append(rng.integers(-1, 4, 23), [1, 2]),
        rng.integers(0, 3, 8),
        rng.integers(0, 3, 25),
    )


@given(seed=st.integers(0, 10_000), k=st.integers(1, 30))
def test_true_matches_stand_at_their_ranks(seed: int, k: int) -> None:
    arrays = people(seed)
    ranks = rank_matches(*arrays)
    top = top_gallery([5, 2], *arrays, k=k)
    for row, query in enumerate((5, 2)):
        own = ranks.ranks[ranks.offsets[query] : ranks.offsets[query + 1]]
        shown = np.flatnonzero(top.correct[row] & (top.index[row] >= 0)) + 1
        assert shown.tolist() == [rank for rank in own if rank <= k]
        kept = top.index[row][top.index[row] >= 0]
        assert (arrays[3][kept] != -1).all()
        assert not ((arrays[3][kept] == arrays[2][query]) & (arrays[5][kept] == arrays[4][query])).any()
        assert len(set(kept)) == len(kept)


def test_hardest_queries_have_the_lowest_precision() -> None:
    ranks = rank_matches(*people(1))
    scores = score_queries(ranks)
    hardest = hardest_queries(ranks, 3)
    by_query = dict(zip(scores.query, scores.ap_step, strict=True))
    assert [by_query[query] for query in hardest] == sorted(by_query.values())[:3]
