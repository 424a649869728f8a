"""Exact ranks of true matches without sorting the gallery; CMC, both mAPs and mINP. One block is in memory at a time.

The rank of a true match is 1 + the number of kept gallery images of greater similarity + the number of kept images of
equal similarity that stand before it in the gallery. So ties are broken by gallery order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import EvaluationError, FeatureArray, Int64Array, LabelArray, feature_matrix, same_width
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES, Block, similarity_blocks
from dgnet.retrieval.ranking.counting import count_by_row, count_together
from dgnet.retrieval.ranking.matches import Truth, index_truth

Denominator = Literal["valid", "all"]
Float64Array = npt.NDArray[np.float64]

CMC_RANKS = (1, 5, 10, 20)


@dataclass(frozen=True)
class MatchRanks:
    """For every query the ranks (1-based, ascending) of its true matches: `ranks[offsets[q]:offsets[q + 1]]`."""

    ranks: Int64Array
    offsets: Int64Array
    num_gallery: int  # kept gallery images, junk removed
    num_junk: int
    same_camera_filtering: bool
    num_own: int = 0  # queries whose own image is in the gallery; it is left out of their ranking
    num_own_camera: int = 0  # queries without a true match that would have one if same-camera images were kept

    @property
    def num_query(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_matches(self) -> Int64Array:
        """The number of true matches of each query."""
        return np.diff(self.offsets)

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Whether each query has at least one true match."""
        return self.num_matches > 0


@dataclass(frozen=True)
class QueryScores:
    """One value for each *valid* query, in query order; `query` holds its position among all queries."""

    query: Int64Array
    first_rank: Int64Array
    ap_step: Float64Array
    ap_trapezoid: Float64Array
    inp: Float64Array


@dataclass(frozen=True)
class RetrievalResult:
    """Measures as fractions in [0, 1], and what they were measured on.

    `num_gallery` counts gallery images without junk; `num_query - num_valid` queries have no true match.
    """

    num_query: int
    num_valid: int
    num_gallery: int
    num_junk: int
    cmc: dict[int, float]  # at ranks 1, 5, 10, 20
    map_step: float
    map_trapezoid: float
    minp: float
    denominator: Denominator
    same_camera_filtering: bool
    num_own: int = 0  # queries whose own image is in the gallery; it is left out of their ranking

    @property
    def rank1(self) -> float:
        return self.cmc[1]


def evaluate(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    denominator: Denominator = "valid",
    block_bytes: int = BLOCK_BYTES,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> RetrievalResult:
    """Rank Q×F query features against N×F gallery features by inner product, and summarise.

    Without cameras, same-camera filtering is off. Equal numbers in `query_images` and `gallery_images` mark the same
    image; it is left out of its own ranking. `denominator="all"` divides by all queries, and those without a true match
    score 0. Raises EvaluationError on input for which the figures would mean nothing.
    """
    ranks = rank_matches(
        query_features,
        gallery_features,
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_images,
        gallery_images,
        block_bytes=block_bytes,
        device=device,
        progress=progress,
    )
    return summarise(ranks, denominator)


def rank_matches(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    block_bytes: int = BLOCK_BYTES,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> MatchRanks:
    """The rank of every true match of every query. At most `block_bytes` of similarities are in memory."""
    query = feature_matrix(query_features, "query features", device)
    gallery = feature_matrix(gallery_features, "gallery features", device or query.device)
    same_width(query, gallery)
    sizes = len(query), len(gallery)
    truth = index_truth(query_pids, gallery_pids, query_camids, gallery_camids, *sizes, query_images, gallery_images)
    return ranks_in(
        similarity_blocks(query, gallery, block_bytes=block_bytes, progress=progress, what="ranking"), truth
    )


def ranks_in(blocks: Iterable[Block], truth: Truth) -> MatchRanks:
    """The rank of every true match, from blocks of similarities that cover the queries in order. Blocks are changed."""
    per_query: list[Int64Array] = []
    for block in blocks:
        count = count_by_row if block.similarity.device.type == "cpu" else count_together
        per_query.extend(count(block.similarity, truth, block.start))
    offsets = np.concatenate([[0], np.cumsum([len(ranks) for ranks in per_query])]).astype(np.int64)
    without_match = np.flatnonzero(np.diff(offsets) == 0).tolist()
    return MatchRanks(
        ranks=np.concatenate(per_query),
        offsets=offsets,
        num_gallery=truth.num_kept,
        num_junk=len(truth.junk),
        same_camera_filtering=truth.cameras is not None,
        num_own=truth.num_own,
        num_own_camera=sum(truth.matched_on_own_camera(query) for query in without_match),
    )


def cmc_curve(ranks: MatchRanks, longest: int = 50) -> Float64Array:
    """Fraction of valid queries whose first true match is at rank at most 1, 2, ..., `longest`."""
    first = score_queries(ranks).first_rank
    counts = np.bincount(np.minimum(first, longest + 1), minlength=longest + 2)[1:-1]
    return np.cumsum(counts) / len(first)


def score_queries(ranks: MatchRanks) -> QueryScores:
    """Both APs and INP of every valid query.

    The k-th of m true matches is at rank r_k. Precision after it is p_k = k/r_k, and before it b_k = (k-1)/(r_k-1), or
    1 where r_k = 1. AP step = mean p_k; AP trapezoid = mean (p_k + b_k)/2; INP = m/r_m.
    """
    valid = np.flatnonzero(ranks.valid)
    if valid.size == 0:
        raise EvaluationError(_no_valid_query(ranks))
    counts = ranks.num_matches[valid]
    starts = ranks.offsets[:-1][valid]
    rank = ranks.ranks.astype(np.float64)
    k = np.arange(1, len(rank) + 1) - np.repeat(starts, counts)
    after = k / rank
    before = np.divide(k - 1, rank - 1, out=np.ones_like(rank), where=rank > 1)
    last = ranks.ranks[starts + counts - 1]
    return QueryScores(
        query=valid,
        first_rank=ranks.ranks[starts],
        ap_step=np.add.reduceat(after, starts) / counts,
        ap_trapezoid=np.add.reduceat((after + before) / 2, starts) / counts,
        inp=counts / last,
    )


def summarise(ranks: MatchRanks, denominator: Denominator = "valid") -> RetrievalResult:
    """The means of all measures over the valid queries, or over all queries (`denominator="all"`)."""
    if denominator not in ("valid", "all"):
        raise EvaluationError(f'denominator: expected "valid" or "all", found {denominator!r}')
    scores = score_queries(ranks)
    divisor = len(scores.query) if denominator == "valid" else ranks.num_query
    return RetrievalResult(
        num_query=ranks.num_query,
        num_valid=len(scores.query),
        num_gallery=ranks.num_gallery,
        num_junk=ranks.num_junk,
        cmc={rank: float((scores.first_rank <= rank).sum() / divisor) for rank in CMC_RANKS},
        map_step=float(scores.ap_step.sum() / divisor),
        map_trapezoid=float(scores.ap_trapezoid.sum() / divisor),
        minp=float(scores.inp.sum() / divisor),
        denominator=denominator,
        same_camera_filtering=ranks.same_camera_filtering,
        num_own=ranks.num_own,
    )


def _no_valid_query(ranks: MatchRanks) -> str:
    rule = " in another camera" if ranks.same_camera_filtering else " other than itself" if ranks.num_own else ""
    said = f"no valid query: none of the {ranks.num_query} queries has a true match{rule} in the gallery; "
    if ranks.num_own_camera:
        return said + (
            f"{ranks.num_own_camera} of them have one by their own camera, and such are left out: to keep them, "
            "evaluate with --same_camera (from Python: give no cameras)"
        )
    return said + "check that both sides name identities alike"
