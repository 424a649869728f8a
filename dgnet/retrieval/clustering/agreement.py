"""How well clusters agree with known identities. For judging alone: nothing here takes part in adaptation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.retrieval.arrays import Int64Array


@dataclass(frozen=True)
class Agreement:
    """Clusters beside identities.

    Args:
        purity: the fraction of clustered images whose identity is the most frequent one of their cluster.
        rand: the adjusted Rand index (Hubert and Arabie 1985) of all images, each in no cluster being one of its own;
            0 is chance and 1 is perfect.
    """

    purity: float
    rand: float


def agreement(labels: Int64Array, pids: Int64Array) -> Agreement:
    """Compare N cluster labels (negative for images in none) with N identities. Purity is 0 where nothing is clustered.

    With n_uv images of cluster u and identity v, n_u and n_v in all, and sums of pairs P = sum C(n_uv, 2),
    U = sum C(n_u, 2), W = sum C(n_v, 2): rand = (P - UW / C(N, 2)) / ((U + W) / 2 - UW / C(N, 2)).
    """
    inside = labels >= 0
    together = labels.copy()
    together[~inside] = labels.max(initial=-1) + 1 + np.arange(int((~inside).sum()))
    _, person = np.unique(pids, return_inverse=True)
    pairs, counts = np.unique(np.stack([together, person]), axis=1, return_counts=True)
    largest = np.zeros(together.max() + 1, dtype=np.int64)
    np.maximum.at(largest, pairs[0], counts)
    purity = float(largest[np.unique(labels[inside])].sum() / inside.sum()) if inside.any() else 0.0

    both, by_cluster, by_person = (_pairs(n) for n in (counts, np.bincount(together), np.bincount(person)))
    chance = by_cluster * by_person / max(_pairs(np.array([len(pids)])), 1.0)
    most = (by_cluster + by_person) / 2
    return Agreement(purity, 1.0 if most == chance else (both - chance) / (most - chance))


def _pairs(counts: Int64Array) -> float:
    """The number of pairs within groups of these sizes."""
    return float((counts.astype(np.float64) * (counts - 1) / 2).sum())
