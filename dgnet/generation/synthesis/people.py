"""The people of the sources, as re-id features see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dgnet.generation.synthesis.recipe import Int64Array, Sources
from dgnet.generation.synthesis.shards import Float32Array

NEAREST: Final = 20  # images of other people that `hardest` chooses from


@dataclass(frozen=True)
class People:
    """Whose person each source shows, and the mean unit feature of each person, P x F.

    `of_source` are positions among the P people, in the order of their pids.
    """

    of_source: Int64Array
    features: Float32Array


def people_of(sources: Sources, features: Float32Array) -> People:
    """The mean unit feature of each person, from the unit features of the sources, S x F."""
    _, of_source = np.unique(sources.pids, return_inverse=True)
    sums = np.zeros((of_source.max() + 1, features.shape[1]), dtype=np.float32)
    np.add.at(sums, of_source, features)
    return People(of_source, sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))


def nearest_others(sources: Sources, features: Float32Array) -> np.ndarray:
    """For each source the NEAREST images of other people most like it, S x K; fewer where a person leaves fewer."""
    pids = sources.pids
    _, counts = np.unique(pids, return_counts=True)
    k = min(NEAREST, len(pids) - int(counts.max()))
    rows = []
    for start in range(0, len(pids), 256):
        likeness = features[start : start + 256] @ features.T
        likeness[pids[start : start + 256, None] == pids] = -np.inf
        rows.append(np.argsort(-likeness, axis=1, kind="stable")[:, :k])
    return np.concatenate(rows)
