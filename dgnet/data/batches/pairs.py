"""Which images train together: anchors in shuffled epochs, each with a partner of the same identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.data.batches.streams import PairStream, pair_generator
from dgnet.data.records import DataError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairBatch:
    """Indices of training images, int64, `batch_size` each: `anchor` (x_i) and `partner` (x_t)."""

    anchor: Indices
    partner: Indices


class PairSampler:
    """Batches as a pure function of (seed, step, rank): nothing to save or restore, and exact on resume.

    Anchors go through all images in shuffled order, epoch after epoch. An anchor's partner is drawn uniformly from the
    images of its identity by other cameras where there are any, else from its identity's other images; the only image
    of an identity is its own partner (`num_lonely` counts such identities). The batches of all ranks (processes that
    train together), one after another, are the batch that one process with `world_size * batch_size` would draw.
    """

    def __init__(
        self,
        labels: Sequence[int] | npt.ArrayLike,
        camids: Sequence[int] | npt.ArrayLike,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """`labels`, `camids`: one integer per image, in the order of the crop store. Raises DataError, ValueError."""
        label, camid = np.asarray(labels, dtype=np.int64), np.asarray(camids, dtype=np.int64)
        if label.ndim != 1 or label.shape != camid.shape:
            raise ValueError(f"labels {label.shape} and camids {camid.shape} must be two lists of one length")
        if batch_size < 1 or not 0 <= rank < world_size or seed < 0:
            raise ValueError(f"batch_size={batch_size}, rank={rank} of {world_size}, seed={seed}: out of range")
        num_identities = len(np.unique(label))
        if num_identities < 2:
            raise DataError(
                f"training needs images of at least two identities, to swap clothes between; found {num_identities} "
                f"in {len(label)} images"
            )
        self.num_images, self.batch_size = len(label), batch_size
        self._seed, self._rank, self._world_size = seed, rank, world_size
        # The images are sorted by identity, then by camera. An identity is then one run [start, end), and its images by
        # one camera are a run within it, so four numbers are enough to draw a partner, however large the data set.
        self._order: Indices = np.lexsort((camid, label)).astype(np.int64)
        self._position = np.empty_like(self._order)
        self._position[self._order] = np.arange(self.num_images)
        by_label, by_camera = label[self._order], camid[self._order]
        new_label = np.r_[True, by_label[1:] != by_label[:-1]]
        self._start, self._end = _runs(new_label)
        self._camera_start, self._camera_end = _runs(new_label | np.r_[True, by_camera[1:] != by_camera[:-1]])
        self.num_lonely = int(((self._end - self._start) == 1).sum())
        self._epoch, self._permutation = -1, self._order

    def batch(self, step: int) -> PairBatch:
        """This rank's pairs at `step` (0, 1, ...)."""
        if step < 0:
            raise ValueError(f"step={step}: steps are counted from 0")
        total = self.batch_size * self._world_size
        mine = slice(self._rank * self.batch_size, (self._rank + 1) * self.batch_size)
        anchor = self._anchors(step * total + np.arange(total)[mine])
        uniform = pair_generator(self._seed, PairStream.PARTNER, step).random(total)[mine]
        return PairBatch(anchor, self._partners(anchor, uniform))

    def _anchors(self, draws: Indices) -> Indices:
        """The images at these positions of the endless sequence of shuffled epochs."""
        epochs, places = np.divmod(draws, self.num_images)
        anchors = np.empty_like(draws)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            anchors[chosen] = self._shuffled(int(epoch))[places[chosen]]
        return anchors

    def _shuffled(self, epoch: int) -> Indices:
        if epoch != self._epoch:  # only a cache: the permutation depends on nothing but the seed and the epoch
            permutation = pair_generator(self._seed, PairStream.EPOCH, epoch).permutation(self.num_images)
            self._epoch, self._permutation = epoch, permutation
        return self._permutation

    def _partners(self, anchor: Indices, uniform: npt.NDArray[np.float64]) -> Indices:
        """One partner per anchor: skip the run that may not be drawn (its camera, else itself), index into the rest."""
        place = self._position[anchor]
        start, size = self._start[place], (self._end - self._start)[place]
        skip_start, skip_end = self._camera_start[place], self._camera_end[place]
        one_camera = skip_end - skip_start == size
        skip_start, skip_end = np.where(one_camera, place, skip_start), np.where(one_camera, place + 1, skip_end)
        candidates = size - (skip_end - skip_start)
        partner = start + np.floor(uniform * candidates).astype(np.int64)
        partner += np.where(partner >= skip_start, skip_end - skip_start, 0)
        return self._order[np.where(candidates > 0, partner, place)]


def _runs(is_first: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """For each position, the start and the end of its run; `is_first` says where a new run begins."""
    starts = np.flatnonzero(is_first).astype(np.int64)
    lengths = np.diff(np.r_[starts, len(is_first)])
    return np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)
