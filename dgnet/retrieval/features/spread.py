"""Whether features tell images apart at all: where features are nearly equal, their figures mean nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_SPREAD = 2e-3  # below this, float32 inner products no longer order the images reliably: no re-ranking is done
_ROWS_AT_ONCE = 4096

Features = npt.NDArray[np.floating]


def spread(query: Features, gallery: Features) -> float:
    """sqrt(mean |f - m|² / mean |f|²) over the features f of queries and gallery, whose mean is m.

    It is between 0 and 1, and 0 where all features are equal.
    """
    total, squares = np.zeros(query.shape[1], dtype=np.float64), 0.0
    for side in (query, gallery):
        for start in range(0, len(side), _ROWS_AT_ONCE):
            rows = side[start : start + _ROWS_AT_ONCE].astype(np.float64)
            total += rows.sum(axis=0)
            squares += float(np.square(rows).sum())
    number = len(query) + len(gallery)
    if squares == 0:
        return 0.0
    return float(np.sqrt(max(0.0, 1 - np.square(total / number).sum() / (squares / number))))


def can_be_reranked(query: Features, gallery: Features) -> bool:
    """Whether the spread of the unit features is at least LEAST_SPREAD: re-ranking divides by the largest distance."""
    units = (side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12) for side in (query, gallery))
    return spread(*units) >= LEAST_SPREAD


def doubts(name: str, query: Features, gallery: Features) -> list[str]:
    """Reasons not to trust the figures of these features (Q×F and N×F), one sentence each; empty where there is none.

    Args:
        name: what the sentences call the features.
    """
    if not query.any() and not gallery.any():
        return [f"{name}: every feature is zero, so its figures only show the order of the gallery's files."]
    found = spread(query, gallery)
    if found < LEAST_SPREAD:
        said = f"{name}: features are all but equal (spread {found:.1e} of their length; {LEAST_SPREAD:g} is the least "
        return [said + "that can be ranked), so its figures say nothing about the people."]
    number = len(query) + len(gallery)
    different = len({row.tobytes() for side in (query, gallery) for row in side})
    if 2 * different < number:
        said = f"{name}: only {different} different features among {number} images; equal ones are ranked in the order "
        return [said + "of the gallery's files."]
    if query.shape[1] == 1:
        return [f"{name}: features of width 1: their product ranks the gallery alike for all queries of one sign."]
    return []
