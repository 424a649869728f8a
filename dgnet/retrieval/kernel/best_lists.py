"""For each of N images, its k most similar candidates so far, best first; candidates arrive in order of position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.kernel.neighbours import Float32Array, stable_top

_ROUND = 32  # how many new candidates of one image are merged at a time


@dataclass(frozen=True)
class BestLists:
    """N×k similarities and positions of candidates, best first; of equal candidates the lower position is first.

    Every candidate has a higher position than the candidates of the same image that came before it. Places that no
    candidate has taken hold the similarity -inf and the position -1.
    """

    similarity: Float32Array
    index: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, number: int, k: int) -> BestLists:
        return cls(np.full((number, k), -np.inf, dtype=np.float32), np.full((number, k), -1, dtype=np.int32))

    def worst(self, start: int, stop: int) -> Float32Array:
        """The similarity that a later candidate must exceed to enter each of the lists `start` to `stop`."""
        return self.similarity[start:stop, -1]

    def fill(self, first: int, similarity: Float32Array) -> None:
        """Start M lists, the first at place `first`, with similarities M×C of the candidates 0 to C - 1; C >= k."""
        if len(similarity):
            top, place = stable_top(torch.from_numpy(similarity), self.index.shape[1])
            lists = slice(first, first + len(similarity))
            self.similarity[lists], self.index[lists] = top.numpy(), place.numpy()

    def merge(self, owner: Int64Array, candidate: Int64Array, similarity: Float32Array) -> None:
        """Take in candidates. `owner` is the image in whose list each belongs; sorted by owner, then by position."""
        if owner.size == 0:
            return
        who, first, count = np.unique(owner, return_index=True, return_counts=True)
        place = np.arange(len(owner)) - np.repeat(first, count)
        slot = np.repeat(np.arange(len(who)), count)
        for low in range(0, int(count.max()), _ROUND):
            chosen = (place >= low) & (place < low + _ROUND)
            some, row = np.unique(slot[chosen], return_inverse=True)
            self._merge_round(who[some], row, place[chosen] - low, candidate[chosen], similarity[chosen])

    def _merge_round(
        self, who: Int64Array, row: Int64Array, place: Int64Array, candidate: Int64Array, similarity: Float32Array
    ) -> None:
        k, width = self.index.shape[1], int(place.max()) + 1
        values = np.full((len(who), k + width), -np.inf, dtype=np.float32)
        index = np.full((len(who), k + width), -1, dtype=np.int32)
        values[:, :k], index[:, :k] = self.similarity[who], self.index[who]
        values[row, k + place], index[row, k + place] = similarity, candidate
        top, order = stable_top(torch.from_numpy(values), k)
        self.similarity[who] = top.numpy()
        self.index[who] = np.take_along_axis(index, order.numpy(), axis=1)
