"""Whether a generated x_ij keeps what it should: the identity of i, as a re-id model sees it, and the structure of j.

Each measure is also taken of the real x_i or x_j, which shows the best or the worst value that can be expected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.files.images import ImagesU8
from dgnet.retrieval.arrays import EvaluationError, FeatureArray, LabelArray, label_vector
from dgnet.retrieval.ranking.ranks import RetrievalResult, evaluate, rank_matches, score_queries

Pairs = npt.NDArray[np.int64]
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class IdentityConsistency:
    """Retrieval of person i by three queries: `swapped` x_ij, `real` x_i (the best case), `copied` x_j (worst)."""

    swapped: RetrievalResult
    real: RetrievalResult
    copied: RetrievalResult


@dataclass(frozen=True)
class StructureConsistency:
    """How far x_ij has the structure of x_j; each `other_*` is the same measure of x_i, which shows another person.

    `code` is the mean absolute difference between E_s(x_ij) and s_j. `edges` is the mean correlation of the edge maps
    of x_ij and x_j; no network is needed for it. `found` is the fraction of x_ij whose edge map is closest to that of
    their own x_j among all `num_pairs` x_j.
    """

    num_pairs: int
    code: float
    other_code: float
    edges: float
    other_edges: float
    found: float
    other_found: float

    @property
    def code_ratio(self) -> float:
        """`code` / `other_code`: 0 where the structure code is kept exactly, 1 where x_ij is no closer than x_i."""
        return self.code / self.other_code


def cross_pairs(pids: LabelArray, num: int, seed: int = 0) -> Pairs:
    """P×2 positions (i, j) of images of different people: no j twice, in ascending order, each with a random i.

    P is `num`, or the number of images where there are fewer. Raises EvaluationError where all images show one person.
    """
    marks = label_vector(pids, "pids", len(pids))
    order = np.argsort(marks, kind="stable")
    ordered = marks[order]
    if len(order) == 0 or ordered[0] == ordered[-1]:
        raise EvaluationError(f"pairs of different people: all {len(order)} images are of one person")
    rng = np.random.default_rng(seed)
    j = np.sort(rng.choice(len(marks), size=min(num, len(marks)), replace=False))
    starts, stops = np.searchsorted(ordered, marks[j], "left"), np.searchsorted(ordered, marks[j], "right")
    # In `ordered`, the images of j's person are one block. Positions counted from its end, and on from 0 after the
    # last, are those of all other people.
    others = rng.integers(len(marks) - (stops - starts))
    return np.stack([order[(stops + others) % len(marks)], j], axis=1)


def identity_consistency(
    swapped: FeatureArray,
    queries: FeatureArray,
    gallery: FeatureArray,
    pairs: Pairs,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
) -> IdentityConsistency:
    """Search the gallery for person i with x_ij, with x_i and with x_j as queries.

    Images of person i by the camera of x_i, and x_i itself where the gallery holds it, are left out all three times.

    Args:
        swapped: P×F features of x_ij for the P `pairs` (i, j).
        queries, gallery: Q×F and N×F features of real images; `pairs` are positions among the Q.

    Raises EvaluationError as `evaluate` does, and unless `swapped` has one feature per pair.
    """
    i, j = pairs.T
    labels = _labels_of_i(
        swapped, pairs, query_pids, gallery_pids, query_camids, gallery_camids, query_images, gallery_images
    )

    def ask(features: FeatureArray) -> RetrievalResult:
        return evaluate(features, gallery, *labels, progress=False)

    return IdentityConsistency(ask(swapped), ask(queries[i]), ask(queries[j]))


def identity_precision(
    swapped: FeatureArray,
    gallery: FeatureArray,
    pairs: Pairs,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
) -> npt.NDArray[np.float64]:
    """The AP (step) of each x_ij as a query for person i, P values; NaN where the gallery has no true match.

    Arguments and errors as of `identity_consistency`, whose `swapped` is the mean of these.
    """
    labels = _labels_of_i(
        swapped, pairs, query_pids, gallery_pids, query_camids, gallery_camids, query_images, gallery_images
    )
    scores = score_queries(rank_matches(swapped, gallery, *labels, progress=False))
    precision = np.full(len(pairs), np.nan)
    precision[scores.query] = scores.ap_step
    return precision


def _labels_of_i(
    swapped: FeatureArray,
    pairs: Pairs,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None,
    gallery_camids: LabelArray | None,
    query_images: LabelArray | None,
    gallery_images: LabelArray | None,
) -> tuple[LabelArray, LabelArray, LabelArray | None, LabelArray | None, LabelArray | None, LabelArray | None]:
    """The labels with which x_ij searches as x_i would. Raises EvaluationError unless there is one x_ij per pair."""
    if len(swapped) != len(pairs):
        raise EvaluationError(f"identity consistency: {len(swapped)} swapped images for {len(pairs)} pairs")

    def at_i(labels: LabelArray | None, name: str) -> LabelArray | None:
        return None if labels is None else label_vector(labels, name, len(labels))[pairs[:, 0]]

    pids = label_vector(query_pids, "query_pids", len(query_pids))[pairs[:, 0]]
    camids, images = at_i(query_camids, "query_camids"), at_i(query_images, "query_images")
    return pids, gallery_pids, camids, gallery_camids, images, gallery_images


def structure_consistency(
    swapped: ImagesU8, i: ImagesU8, j: ImagesU8, code: npt.NDArray[np.floating], other_code: npt.NDArray[np.floating]
) -> StructureConsistency:
    """The structure consistency of P swaps.

    Args:
        swapped, i, j: x_ij, x_i and x_j, uint8 P×H×W×3.
        code, other_code: mean |E_s(x_ij) - s_j| and mean |s_i - s_j| of each pair, P values.

    Raises EvaluationError where there is no pair, or the numbers of pairs differ.
    """
    numbers = {len(part) for part in (swapped, i, j, code, other_code)}
    if len(numbers) != 1 or 0 in numbers:
        raise EvaluationError(f"structure consistency: expected the same pairs throughout, found {sorted(numbers)}")
    giver = edge_maps(j)
    values = []
    for images in (swapped, i):
        correlation = edge_maps(images) @ giver.T
        own = correlation.diagonal()
        # Where several x_j are the same picture, each counts as the closest; 1e-6 allows for rounding.
        values += [float(own.mean()), float((own >= correlation.max(axis=1) - 1e-6).mean())]
    edges, found, other_edges, other_found = values
    return StructureConsistency(
        len(j), float(np.mean(code)), float(np.mean(other_code)), edges, other_edges, found, other_found
    )


def edge_maps(images_u8: ImagesU8) -> npt.NDArray[np.float32]:
    """Gradient magnitudes of the grey images, minus their mean and scaled to unit length: P×(H-2)(W-2).

    The inner product of two maps is their correlation. Other clothes change how strong an edge is, rarely where it is.
    """
    rows = []
    for start in range(0, len(images_u8), _ROWS_AT_ONCE):
        grey = images_u8[start : start + _ROWS_AT_ONCE].astype(np.float32).mean(axis=3)
        down, across = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
        flat = np.hypot(down, across).reshape(len(grey), -1)
        flat -= flat.mean(axis=1, keepdims=True)
        rows.append(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12))
    return np.concatenate(rows)


def code_distances(codes: torch.Tensor, others: torch.Tensor) -> npt.NDArray[np.float64]:
    """Mean absolute difference of each pair of codes, P values; both arguments are P×..."""
    distances: npt.NDArray[np.float64] = (codes - others).abs().flatten(1).mean(dim=1).double().cpu().numpy()
    return distances
