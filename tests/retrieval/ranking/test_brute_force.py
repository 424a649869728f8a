"""CMC, both APs and mINP of random small galleries, by every way of counting, against brute force."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dgnet.retrieval import EvaluationError, RetrievalResult, evaluate
from dgnet.retrieval.ranking import counting
from dgnet.retrieval.ranking.matches import index_truth


@dataclass(frozen=True)
class Case:
    query: np.ndarray
    gallery: np.ndarray
    query_pids: np.ndarray
    gallery_pids: np.ndarray
    query_camids: np.ndarray | None
    gallery_camids: np.ndarray | None


@dataclass(frozen=True)
class Expected:
    num_valid: int
    num_gallery: int
    cmc: dict[int, float]
    map_step: float
    map_trapezoid: float
    minp: float


def brute_force(case: Case, denominator: str) -> Expected | None:
    """The protocol word by word: sort each query's kept gallery (ties in gallery order), walk down the list."""
    step, trapezoid, inp, first = [], [], [], []
    for q in range(len(case.query)):
        kept = []
        for g in range(len(case.gallery)):
            same_pid = case.gallery_pids[g] == case.query_pids[q]
            same_camera = case.gallery_camids is not None and case.gallery_camids[g] == case.query_camids[q]
            if case.gallery_pids[g] != -1 and not (same_pid and same_camera):
                kept.append(g)
        similarity = {g: float(np.dot(case.query[q].astype(float), case.gallery[g].astype(float))) for g in kept}
        ordered = sorted(kept, key=lambda g: (-similarity[g], g))
        hits = [rank for rank, g in enumerate(ordered, start=1) if case.gallery_pids[g] == case.query_pids[q]]
        if not hits:
            continue
        m = len(hits)
        after = [k / r for k, r in enumerate(hits, start=1)]
        before = [1.0 if r == 1 else (k - 1) / (r - 1) for k, r in enumerate(hits, start=1)]
        step.append(sum(after) / m)
        trapezoid.append(sum((a + b) / 2 for a, b in zip(after, before, strict=True)) / m)
        inp.append(m / hits[-1])
        first.append(hits[0])
    if not first:
        return None
    divisor = len(first) if denominator == "valid" else len(case.query)
    return Expected(
        num_valid=len(first),
        num_gallery=int((case.gallery_pids != -1).sum()),
        cmc={k: sum(r <= k for r in first) / divisor for k in (1, 5, 10, 20)},
        map_step=sum(step) / divisor,
        map_trapezoid=sum(trapezoid) / divisor,
        minp=sum(inp) / divisor,
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small whole-numbered features, so that products are exact and often tie; junk, distractors, lone identities."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_query, num_gallery = draw(st.integers(1, 8)), draw(st.integers(1, 40))
    width, spread = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    identities, cameras = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    gallery_pids = rng.integers(-1, identities + 1, num_gallery)
    gallery_pids[rng.integers(num_gallery)] = draw(st.integers(0, identities))  # never junk alone
    with_cameras = draw(st.booleans())
    return Case(
        query=rng.integers(-spread, spread + 1, (num_query, width)).astype(np.float32),
        gallery=rng.integers(-spread, spread + 1, (num_gallery, width)).astype(np.float32),
        query_pids=rng.integers(1, identities + 2, num_query),
        gallery_pids=gallery_pids,
        query_camids=rng.integers(0, cameras, num_query) if with_cameras else None,
        gallery_camids=rng.integers(0, cameras, num_gallery) if with_cameras else None,
    )


def run(case: Case, **options: object) -> RetrievalResult:
    return evaluate(
        case.query,
        case.gallery,
        case.query_pids,
        case.gallery_pids,
        case.query_camids,
        case.gallery_camids,
        **options,  # type: ignore[arg-type]
    )


def assert_equal(result: RetrievalResult, expected: Expected) -> None:
    assert (result.num_valid, result.num_gallery) == (expected.num_valid, expected.num_gallery)
    assert result.cmc == pytest.approx(expected.cmc, abs=1e-12)
    assert result.map_step == pytest.approx(expected.map_step, abs=1e-12)
    assert result.map_trapezoid == pytest.approx(expected.map_trapezoid, abs=1e-12)
    assert result.minp == pytest.approx(expected.minp, abs=1e-12)


@given(case=cases(), denominator=st.sampled_from(["valid", "all"]), block_bytes=st.integers(1, 1000))
def test_equals_brute_force(case: Case, denominator: str, block_bytes: int) -> None:
    expected = brute_force(case, denominator)
    if expected is None:
        with pytest.raises(EvaluationError, match="no valid query"):
            run(case, denominator=denominator, block_bytes=block_bytes)
        return
    assert_equal(run(case, denominator=denominator, block_bytes=block_bytes), expected)


def test_equals_brute_force_on_thousands_of_random_cases() -> None:
    """More cases than hypothesis has time for, from one seed."""
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(2000):
        num_query, num_gallery = rng.integers(1, 5), rng.integers(1, 25)
        case = Case(
            query=rng.integers(-2, 3, (num_query, 2)).astype(np.float32),
            gallery=rng.integers(-2, 3, (num_gallery, 2)).astype(np.float32),
            query_pids=rng.integers(1, 6, num_query),
            gallery_pids=np.append(rng.integers(-1, 6, num_gallery - 1), 0),
            query_camids=rng.integers(0, 3, num_query),
            gallery_camids=rng.integers(0, 3, num_gallery),
        )
        expected = brute_force(case, "valid")
        if expected is not None:
            compared += 1
            assert_equal(run(case), expected)
    assert compared > 1000


@pytest.mark.parametrize("few", [0.0, 1.0])
@given(case=cases())
def test_both_ways_of_counting_a_row_equal_brute_force(few: float, case: Case) -> None:
    """Sorting the candidates, and comparing with all of them: each way is forced for every row."""
    expected = brute_force(case, "valid")
    if expected is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "FEW", few)
        assert_equal(run(case), expected)


@given(case=cases())
def test_counting_rows_together_equals_row_by_row(case: Case) -> None:
    """The way of counting that a GPU uses, run here on the CPU, gives equal ranks for every query."""
    truth = index_truth(
        case.query_pids, case.gallery_pids, case.query_camids, case.gallery_camids, len(case.query), len(case.gallery)
    )
    similarity = torch.from_numpy(case.query @ case.gallery.T)
    expected = counting.count_by_row(similarity.clone(), truth, 0)
    found = counting.count_together(similarity.clone(), truth, 0)
    assert [ranks.tolist() for ranks in found] == [ranks.tolist() for ranks in expected]
