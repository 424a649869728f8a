"""Batches of pairs of training images with their true swaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from dgnet.data.batches.augment import Augment
from dgnet.data.batches.pairs import Indices, PairSampler
from dgnet.data.batches.streams import TRUE_SWAP_SEED, Stream
from dgnet.data.normalise import normalise
from dgnet.data.store.packed import CropStore
from dgnet.models.layers.units import channels_last
from dgnet.training.views import Views


@dataclass(frozen=True)
class TrueSwapCrops:
    """Pairs whose true swap is known: x_ij by their crops, x_i and x_j by indices of the training images."""

    truth: CropStore
    appearance: Indices
    structure: Indices


class TrueSwapFeed(Views):
    """Pairs x_i, x_j and their true swaps x_ij, as a pure function of the step: epochs in shuffled order.

    x_j and x_ij are mirrored and shifted alike, x_i by itself.

    Args:
        swaps: the pairs.
        people: the training images; its draws are others, and everything else about it holds here too.
    """

    def __init__(self, swaps: TrueSwapCrops, people: Views) -> None:
        shared = people.batch_size, people.config, people.seed + TRUE_SWAP_SEED, people.device
        super().__init__(swaps.truth, *shared, people.rank, people.world_size)
        self.swaps, self.people = swaps, people
        alone = np.arange(len(swaps.truth))  # a pair has no partner
        self.sampler = PairSampler(alone, alone, self.batch_size, self.seed, self.rank, self.world_size)

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """x_i, x_j and x_ij, B x 3 x H x W each."""
        chosen = self.sampler.batch(step).anchor
        own, shared = self._draws(step, Stream.SHIFT, 2, Augment.NUM_DRAWS).chunk(2)
        clothes = self.people.images_u8(self.swaps.appearance[chosen])
        place = self.people.images_u8(self.swaps.structure[chosen])
        return self._shown(clothes, own), self._shown(place, shared), self._shown(self.images_u8(chosen), shared)

    def _shown(self, images_u8: Tensor, shift: Tensor) -> Tensor:
        return channels_last(normalise(self.augment(images_u8, np.arange(len(images_u8)), shift)))
