"""Near copies: images of one moment or one person that come so often that they would be most of what is learnt.

Neighbour lists have a fixed length, so a crowd of thousands of images of one person is told apart into hundreds of
clusters. Of each group of near copies a few images are enough.
"""

from __future__ import annotations

import numpy as np

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.features.extract import Float32Array

_ROWS_AT_ONCE = 512
_NUM_LOOKED_AT = 512  # images that are looked at first, to see whether there are crowds at all
_RARE = 0.02  # the fraction of them up to which there are none


def without_crowds(features: Float32Array, similarity: float, most: int) -> Int64Array:
    """The images that remain, in order, where no image keeps more than `most` earlier near copies of it.

    Images are taken in order; one that has `most` near copies (the inner product is at least `similarity`) among those
    taken before it is left out. All remain where hardly any image has more than `most` near copies, as is usual; this
    is seen by a few hundred images. Memory is that of some hundred rows of similarities.

    Args:
        features: N x F, of length 1.
    """
    number = len(features)
    looked_at = np.unique(np.linspace(0, number - 1, _NUM_LOOKED_AT).astype(np.int64))
    crowded = ((features[looked_at] @ features.T) >= similarity).sum(axis=1) > most + 1  # itself is among them
    if crowded.mean() <= _RARE:
        return np.arange(number)
    kept, taken = np.empty_like(features), 0
    places = []
    for start in range(0, number, _ROWS_AT_ONCE):
        rows = features[start : start + _ROWS_AT_ONCE]
        before = ((rows @ kept[:taken].T) >= similarity).sum(axis=1)
        near = (rows @ rows.T) >= similarity
        remains = np.zeros(len(rows), dtype=bool)
        for row in range(len(rows)):
            remains[row] = before[row] + np.count_nonzero(near[row, :row] & remains[:row]) < most
        places.append(start + np.flatnonzero(remains))
        kept[taken : taken + len(places[-1])] = rows[remains]
        taken += len(places[-1])
    return np.concatenate(places)
