"""Same person or not: ROC, TPR at a given FPR, equal error rate and thresholds, over all kept query-gallery pairs.

Similarities are counted into 131 072 bins, so memory is bounded. The bins' edges are exact in float64, so every rate is
the exact fraction of pairs at or above an edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import EvaluationError, FeatureArray, LabelArray, feature_matrix, largest_norm, same_width
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES, similarity_blocks
from dgnet.retrieval.ranking.matches import index_truth

Float64Array = npt.NDArray[np.float64]
NUM_BINS = 1 << 17
_VALUES_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class OperatingPoint:
    """A pair is accepted as the same person where its similarity is at least `threshold`; and the rates this gives."""

    threshold: float
    fpr: float  # the fraction of pairs of different people that is accepted
    tpr: float  # the fraction of pairs of the same person that is accepted


@dataclass(frozen=True)
class Roc:
    """`fpr` and `tpr` at descending `thresholds`, from (0, 0) to (1, 1)."""

    thresholds: Float64Array
    fpr: Float64Array
    tpr: Float64Array
    num_same: int
    num_different: int

    @property
    def area(self) -> float:
        """Area under the curve by the trapezoid rule."""
        return float(np.trapezoid(self.tpr, self.fpr))

    def at_fpr(self, fpr: float) -> OperatingPoint:
        """The lowest threshold that accepts at most the fraction `fpr` of pairs of different people.

        A threshold that was found on one set of people can be used on others. Raises EvaluationError where there are
        too few pairs of different people to measure such an FPR.
        """
        if not 0 <= fpr <= 1:
            raise EvaluationError(f"fpr: expected a fraction in [0, 1], found {fpr}")
        if fpr * self.num_different < 1 and fpr > 0:
            raise EvaluationError(
                f"FPR {fpr:g} cannot be told from {self.num_different} pairs of different people: one is 1 in "
                f"{self.num_different}"
            )
        return self._point(int(np.searchsorted(self.fpr, fpr, side="right")) - 1)

    def equal_error(self) -> OperatingPoint:
        """The point where false accepts come closest to false rejects; its error rate is their mean."""
        return self._point(int(np.argmin(np.abs(self.fpr - (1 - self.tpr)))))

    def _point(self, index: int) -> OperatingPoint:
        return OperatingPoint(float(self.thresholds[index]), float(self.fpr[index]), float(self.tpr[index]))


def verify_pairs(
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
) -> Roc:
    """The ROC over every pair of a query and a gallery image that is not dropped for it (`ranking.matches`).

    Raises EvaluationError where there is no pair of the same person, or none of different people.
    """
    query = feature_matrix(query_features, "query features", device)
    gallery = feature_matrix(gallery_features, "gallery features", device or query.device)
    same_width(query, gallery)
    sizes = len(query), len(gallery)
    truth = index_truth(query_pids, gallery_pids, query_camids, gallery_camids, *sizes, query_images, gallery_images)
    bound = power_of_two_above(largest_norm(query) * largest_norm(gallery))
    same = np.zeros(NUM_BINS, dtype=np.int64)
    different = np.zeros(NUM_BINS, dtype=np.int64)
    for block in similarity_blocks(query, gallery, block_bytes=block_bytes, progress=progress, what="verification"):
        similarity = block.similarity.cpu().numpy()
        rows = max(1, _VALUES_AT_ONCE // len(gallery))
        for start in range(0, len(similarity), rows):
            part = similarity[start : start + rows]
            split = [truth.split(block.start + start + row) for row in range(len(part))]
            matching = np.concatenate([row[matches] for row, (matches, _) in zip(part, split, strict=True)])
            left_out = [row[np.concatenate([*pair, truth.junk])] for row, pair in zip(part, split, strict=True)]
            same += count_in_bins(matching, bound)
            different += count_in_bins(part.ravel(), bound) - count_in_bins(np.concatenate(left_out), bound)
    if not same.any() or not different.any():
        missing = "the same person" if not same.any() else "different people"
        raise EvaluationError(f"verification needs pairs of {missing}, and there are none")
    return roc_of_counts(same, different, bound)


def roc_of_pairs(similarities: Sequence[float] | Float64Array, same_person: Sequence[bool]) -> Roc:
    """The ROC of a list of pairs, such as those of a verification benchmark."""
    values = np.asarray(similarities, dtype=np.float32)
    marks = np.asarray(same_person, dtype=bool)
    if values.shape != marks.shape or values.ndim != 1:
        raise EvaluationError(f"expected one similarity and one mark per pair, found {values.shape} and {marks.shape}")
    if not np.isfinite(values).all() or not marks.any() or marks.all():
        raise EvaluationError("expected finite similarities of pairs of the same person and of different people")
    bound = power_of_two_above(float(np.abs(values).max()))
    return roc_of_counts(count_in_bins(values[marks], bound), count_in_bins(values[~marks], bound), bound)


def count_in_bins(values: npt.NDArray[np.float32], bound: float, num_bins: int = NUM_BINS) -> npt.NDArray[np.int64]:
    """Similarities counted into `num_bins` equal bins (a power of two) over [-bound, bound)."""
    bins = ((values.astype(np.float64) + bound) * (num_bins / 2 / bound)).astype(np.int64)
    return np.bincount(bins, minlength=num_bins)


def power_of_two_above(largest: float) -> float:
    """The least power of two greater than `largest`: as the bound of the bins, it covers all and keeps edges exact."""
    return 2.0 ** (math.frexp(largest)[1] if largest else 0)


def roc_of_counts(same: npt.NDArray[np.int64], different: npt.NDArray[np.int64], bound: float) -> Roc:
    """The ROC from counts per bin, summed from the highest bin down; thresholds are the edges of bins with pairs."""
    used, num_bins = np.flatnonzero(same + different)[::-1], len(same)
    edges = used / (num_bins / 2 / bound) - bound
    num_same, num_different = int(same.sum()), int(different.sum())
    return Roc(
        thresholds=np.concatenate([[edges[0] + 2 * bound / num_bins], edges]),
        fpr=np.concatenate([[0.0], np.cumsum(different[used]) / num_different]),
        tpr=np.concatenate([[0.0], np.cumsum(same[used]) / num_same]),
        num_same=num_same,
        num_different=num_different,
    )
