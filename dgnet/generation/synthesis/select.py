"""Which candidates become images of the data set: in the order of their numbers, near-duplicates left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dgnet.generation.synthesis.plan import Shard
from dgnet.generation.synthesis.recipe import Int64Array, Recipe
from dgnet.generation.synthesis.shards import Measured


@dataclass(frozen=True)
class Selection:
    """The chosen candidates in the order of their numbers: `shard` and `row` say where each lies.

    `num_candidates` were looked at; `num_filtered` of them passed no filter, `num_near` were near-duplicates.
    """

    shard: Int64Array
    row: Int64Array
    num_candidates: int
    num_filtered: int
    num_near: int

    def __len__(self) -> int:
        return len(self.shard)


def select(shards: Sequence[Shard], measured: Sequence[Measured], recipe: Recipe) -> Selection:
    """The first `recipe.count` candidates that pass; it does not depend on how many more were drawn."""
    places = np.concatenate(
        [
            np.stack([shard.numbers, np.full(len(shard.numbers), k), np.arange(len(shard.numbers)), shard.j], axis=1)
            for k, shard in enumerate(shards)
        ]
    )
    chosen: list[tuple[int, int]] = []
    earlier: dict[int, list[np.ndarray]] = defaultdict(list)
    looked, filtered, near = 0, 0, 0
    for _, k, row, j in places[np.argsort(places[:, 0])].tolist():
        if len(chosen) == recipe.count:
            break
        looked += 1
        if not measured[k].kept[row]:
            filtered += 1
            continue
        thumb = measured[k].thumbs[row].astype(np.int16)
        if recipe.near and any(np.abs(thumb - other).mean() < recipe.near for other in earlier[j]):
            near += 1
            continue
        earlier[j].append(thumb)
        chosen.append((k, row))
    shard, row = np.array(chosen, dtype=np.int64).reshape(-1, 2).T
    return Selection(shard, row, looked, filtered, near)
