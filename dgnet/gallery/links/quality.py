"""How right is who is who, where it is known: pairwise precision, recall and F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.neighbours import NearPairs


@dataclass(frozen=True)
class PairwiseF1:
    """Of the pairs that were put together, the share that is of one person; of the pairs of one person, the share that
    was put together; and the harmonic mean of the two. Nothing put together has precision 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def pairwise_f1(truth: Int64Array, found: Int64Array) -> PairwiseF1:
    """Compare two groupings of the same N images, given as labels. Where nobody is there twice, recall is 1."""
    together = _num_pairs(np.unique(np.stack([truth, found]), axis=1, return_counts=True)[1])
    true, put = (_num_pairs(np.unique(labels, return_counts=True)[1]) for labels in (truth, found))
    return PairwiseF1(together / put if put else 1.0, together / true if true else 1.0)


def components(number: int, pairs: NearPairs, threshold: float) -> Int64Array:
    """Plain thresholding: images are one person where a chain of near pairs at or above the threshold joins them."""
    parent = np.arange(number)

    def root(image: int) -> int:
        while parent[image] != image:
            parent[image] = parent[parent[image]]
            image = int(parent[image])
        return image

    accepted = pairs.similarity >= threshold
    for a, b in zip(pairs.first[accepted].tolist(), pairs.second[accepted].tolist(), strict=True):
        one, two = sorted((root(a), root(b)))
        parent[two] = one
    return np.array([root(image) for image in range(number)], dtype=np.int64)


def _num_pairs(counts: Int64Array) -> int:
    return int((counts * (counts - 1) // 2).sum())
