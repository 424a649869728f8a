"""Does a generated x_ij keep what it should: i's identity, as a re-id model sees it, and j's structure?

Both measures stand beside what x_i and x_j themselves score, since no figure means anything without its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.files.images import ImagesU8
from dgnet.retrieval.arrays import EvaluationError, FeatureArray, LabelArray, label_vector
from dgnet.retrieval.ranking.ranks import RetrievalResult, evaluate

Pairs = npt.NDArray[np.int64]
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class IdentityConsistency:
    """Retrieval of person i: by x_ij, by the real x_i (as good as it can get) and by x_j (nothing of i in it)."""

    swapped: RetrievalResult
    real: RetrievalResult
    copied: RetrievalResult


@dataclass(frozen=True)
class StructureConsistency:
    """How far x_ij has x_j's structure; each `other_*` is what x_i, a picture of someone else, scores against x_j.

    `code` is the mean absolute difference of structure codes, E_s(x_ij) from s_j. `edges` is the mean correlation of
    edge maps, which no network of ours judges. `found` is the fraction of x_ij whose edges are most like those of its
    own x_j, among all `num_pairs` of them.
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
        """`code` over `other_code`: 0 keeps the structure whole, 1 is no better than another person's picture."""
        return self.code / self.other_code


def cross_pairs(pids: LabelArray, num: int, seed: int = 0) -> Pairs:
    """P×2 positions (i, j) of different people: each j once, in order, and an i drawn among all who are not j.

    P is `num` or, where there are fewer images, their number. Raises EvaluationError where all are one person.
    """
    marks = label_vector(pids, "pids", len(pids))
    order = np.argsort(marks, kind="stable")
    ordered = marks[order]
    if len(order) == 0 or ordered[0] == ordered[-1]:
        raise EvaluationError(f"pairs of different people: all {len(order)} images are of one person")
    rng = np.random.default_rng(seed)
    j = np.sort(rng.choice(len(marks), size=min(num, len(marks)), replace=False))
    starts, stops = np.searchsorted(ordered, marks[j], "left"), np.searchsorted(ordered, marks[j], "right")
    # Counting on from the end of j's own block, round the corner, meets everyone but j.
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
    """Ask the gallery for person i with x_ij, with x_i and with x_j.

    i's images of x_i's camera, and x_i itself where the gallery holds it, are left out of all three.

    Args:
        swapped: P×F features of x_ij for the P `pairs` (i, j).
        queries, gallery: Q×F and N×F features of real images; `pairs` are positions among the Q.

    Raises EvaluationError as `evaluate` does, and where `swapped` has not one row per pair.
    """
    if len(swapped) != len(pairs):
        raise EvaluationError(f"identity consistency: {len(swapped)} swapped images for {len(pairs)} pairs")
    i, j = pairs.T
    pids = label_vector(query_pids, "query_pids", len(queries))[i]
    camids = None if query_camids is None else label_vector(query_camids, "query_camids", len(queries))[i]

    images = None if query_images is None else label_vector(query_images, "query_images", len(queries))[i]
    labels = pids, gallery_pids, camids, gallery_camids, images, gallery_images

    def ask(features: FeatureArray) -> RetrievalResult:
        return evaluate(features, gallery, *labels, progress=False)

    return IdentityConsistency(ask(swapped), ask(queries[i]), ask(queries[j]))


def structure_consistency(
    swapped: ImagesU8, i: ImagesU8, j: ImagesU8, code: npt.NDArray[np.floating], other_code: npt.NDArray[np.floating]
) -> StructureConsistency:
    """Summarise P swaps.

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
        # Equal pictures of givers are each other's equals, whatever rounding says.
        values += [float(own.mean()), float((own >= correlation.max(axis=1) - 1e-6).mean())]
    edges, found, other_edges, other_found = values
    return StructureConsistency(
        len(j), float(np.mean(code)), float(np.mean(other_code)), edges, other_edges, found, other_found
    )


def edge_maps(images_u8: ImagesU8) -> npt.NDArray[np.float32]:
    """Gradient magnitudes of the grey picture, less their mean and of unit length: P×(H-2)(W-2).

    The inner product of two maps is their correlation. Clothes change the strength of an edge, rarely its place.
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
    """Mean absolute difference of each pair of codes, P values; codes P×..."""
    distances: npt.NDArray[np.float64] = (codes - others).abs().flatten(1).mean(dim=1).double().cpu().numpy()
    return distances
