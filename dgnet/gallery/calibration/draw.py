"""Which images a calibration looks at, and how its people are divided for judging; by chance, the same each time."""

from __future__ import annotations

import numpy as np

from dgnet.retrieval.arrays import Int64Array

MOST_IMAGES = 20_000  # what 20 000 images do not tell, more images of the same people do not either
MOST_PER_PERSON = 100


def draw_images(labels: Int64Array, seed: int) -> Int64Array:
    """At most MOST_PER_PERSON images of each person and MOST_IMAGES in all, as evenly over people as can be."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    ranked = order[np.argsort(labels[order], kind="stable")]
    starts = np.searchsorted(labels[ranked], labels[ranked], side="left")
    turn = np.arange(len(labels)) - starts  # a person's first image, second image, ...
    kept = np.flatnonzero(turn < MOST_PER_PERSON)
    kept = kept[np.lexsort((generator.permutation(len(kept)), turn[kept]))][:MOST_IMAGES]
    return np.sort(ranked[kept])


def halves(labels: Int64Array, seed: int) -> tuple[Int64Array, Int64Array]:
    """The places of two halves of the people who have several images; the others go to one half or the other."""
    people, number = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(people))
    order = order[np.argsort(number[order] == 1, kind="stable")]
    first = np.isin(labels, people[order[::2]])
    return np.flatnonzero(first), np.flatnonzero(~first)
