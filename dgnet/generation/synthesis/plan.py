"""Which pairs are swapped: candidate n is a function of the recipe, the sources and n, whoever draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dgnet.generation.synthesis.recipe import Int64Array, Recipe, Sources

SHARD: Final = 256  # candidates that are drawn and written together; more where they share a structure
BATCH: Final = 64  # images that are encoded or drawn at once
TRIES: Final = 50  # draws of a pair before all that are left are listed


@dataclass(frozen=True)
class Shard:
    """Candidates that are drawn together: their `numbers`, and the positions of x_i and x_j among the sources.

    `code_of` says of each x_i which `CodeBatch` has its appearance code, and in which row.
    """

    name: str
    numbers: Int64Array
    i: Int64Array
    j: Int64Array
    code_of: Mapping[int, tuple[str, int]]


@dataclass(frozen=True)
class CodeBatch:
    """Sources whose appearance codes are computed together, by their positions."""

    name: str
    sources: Int64Array


@dataclass(frozen=True)
class Round:
    """Candidates that are drawn before the next selection: the codes that they need, and their shards."""

    codes: list[CodeBatch]
    shards: list[Shard]

    @property
    def num_candidates(self) -> int:
        return sum(len(shard.numbers) for shard in self.shards)


class Planner:
    """Gives candidates in rounds. No pair is given twice; x_i and x_j always show different people.

    Candidates of a round are sorted by their structure and cut into shards between two structures. So each x_j of a
    round is encoded once, and each x_i once for all rounds.

    Args:
        nearest: S x K positions of the images of other people most like each source, for `hardest`.
    """

    def __init__(self, sources: Sources, recipe: Recipe, nearest: Int64Array | None = None) -> None:
        self.recipe, self.nearest = recipe, nearest
        self.pids, self.camids = sources.pids, sources.camids
        self.order = np.argsort(self.pids, kind="stable")
        ordered = self.pids[self.order]
        self.starts = np.searchsorted(ordered, self.pids, "left")
        self.stops = np.searchsorted(ordered, self.pids, "right")
        self.people = np.unique(self.pids)
        self.images_of = {int(pid): np.flatnonzero(self.pids == pid) for pid in self.people}
        self.num_drawn = 0
        self.exhausted = False
        self._seen: set[tuple[int, int]] = set()
        self._code_of: dict[int, tuple[str, int]] = {}
        self._num_rounds = 0

    def round(self, count: int) -> Round:
        """The next `count` candidates, or as many as there are pairs left."""
        pairs = []
        for _ in range(count):
            pair = self._next_pair(self.num_drawn)
            if pair is None:
                self.exhausted = True
                break
            self._seen.add(pair)
            pairs.append((self.num_drawn, *pair))
            self.num_drawn += 1
        name = f"{self._num_rounds:03d}"
        self._num_rounds += 1
        numbers, i, j = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
        new = np.array(sorted(set(i.tolist()) - self._code_of.keys()), dtype=np.int64)
        starts = range(0, len(new), BATCH)
        batches = [CodeBatch(f"{name}_{k:05d}", new[start : start + BATCH]) for k, start in enumerate(starts)]
        for batch in batches:
            self._code_of |= {source: (batch.name, row) for row, source in enumerate(batch.sources.tolist())}
        order = np.lexsort((numbers, j))
        return Round(batches, self._shards(name, numbers[order], i[order], j[order]))

    def _shards(self, name: str, numbers: Int64Array, i: Int64Array, j: Int64Array) -> list[Shard]:
        """Shards of SHARD candidates or a little more: each ends where a structure does."""
        starts = [0]
        for place in range(1, len(j)):
            if place - starts[-1] >= SHARD and j[place] != j[place - 1]:
                starts.append(place)
        parts = [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(j)], strict=True) if stop > start]
        return [
            Shard(f"{name}_{k:05d}", numbers[part], i[part], j[part], {s: self._code_of[s] for s in i[part].tolist()})
            for k, part in enumerate(parts)
        ]

    def _next_pair(self, number: int) -> tuple[int, int] | None:
        """Candidate `number`: the first pair not given before among those that its own seed draws."""
        for attempt in range(TRIES):
            rng = np.random.default_rng((self.recipe.seed, number, attempt))
            i, j = self._draw(number, rng)
            if (i, j) not in self._seen and self._allowed(i, j):
                return i, j
        rng = np.random.default_rng((self.recipe.seed, number, TRIES))
        for j in rng.permutation(len(self.pids)).tolist():
            partners = range(len(self.pids)) if self.nearest is None else self.nearest[j].tolist()
            left = [i for i in partners if (i, j) not in self._seen and self._allowed(i, j)]
            if left:
                return left[int(rng.integers(len(left)))], j
        return None

    def _allowed(self, i: int, j: int) -> bool:
        if self.recipe.pairs == "cross_camera" and (self.camids[i] == self.camids[j] or min(self.camids[[i, j]]) < 0):
            return False
        return bool(self.pids[i] != self.pids[j])

    def _draw(self, number: int, rng: np.random.Generator) -> tuple[int, int]:
        if self.recipe.pairs == "balanced":
            return self._draw_balanced(number, rng)
        j = int(rng.integers(len(self.pids)))
        if self.nearest is not None:
            return int(self.nearest[j, rng.integers(self.nearest.shape[1])]), j
        # In `order` the images of j's person are one block. Positions counted on from its end are all other people's.
        others = int(rng.integers(len(self.pids) - (self.stops[j] - self.starts[j])))
        return int(self.order[(self.stops[j] + others) % len(self.pids)]), j

    def _draw_balanced(self, number: int, rng: np.random.Generator) -> tuple[int, int]:
        """In each turn of P candidates every one of P people gives the appearance once and the structure once."""
        turn, place = divmod(number, len(self.people))
        of_turn = np.random.default_rng((self.recipe.seed, turn, TRIES + 1))
        order, shift = of_turn.permutation(self.people), int(of_turn.integers(1, len(self.people)))
        i, j = (self.images_of[int(order[where % len(order)])] for where in (place, place + shift))
        return int(i[rng.integers(len(i))]), int(j[rng.integers(len(j))])
