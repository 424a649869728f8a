"""Batches for training with labels: anchors, partners of the same identities, and their augmented views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dgnet.config import AugmentConfig
from dgnet.data.batches.pairs import Indices, PairSampler
from dgnet.data.batches.relight import NUM_RELIGHT_DRAWS, relight
from dgnet.data.batches.streams import Stream
from dgnet.data.store.packed import CropStore
from dgnet.training.batch import Batch
from dgnet.training.views import Views


class Feed(Views):
    """Training batches as a pure function of the step.

    The batches of all ranks, concatenated, are the batch that one process with a batch size of
    `world_size * batch_size` would see.

    Args:
        crops: the training images, as pixels or packed.
        labels: their labels, in the same order.
        camids: their cameras, in the same order.
        batch_size: anchors per step in this process.
        augment: probabilities and sizes of the augmentations.
        seed: every random draw is a function of the seed and the step.
        device: where augmentation runs.
        rank, world_size: the number of this process, and how many train together.
    """

    def __init__(
        self,
        crops: CropStore,
        labels: Sequence[int],
        camids: Sequence[int],
        batch_size: int,
        augment: AugmentConfig,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(crops, batch_size, augment, seed, device, rank, world_size)
        self.sampler = PairSampler(labels, camids, batch_size, seed, rank, world_size)
        self.labels = torch.as_tensor(np.asarray(labels), dtype=torch.int64)

    def anchors(self, step: int) -> tuple[Tensor, Tensor]:
        """Augmented and random-erased images with their labels, for training the teacher on real images alone."""
        anchor = self.sampler.batch(step).anchor
        _, erased = self.views([anchor], step)
        return erased, self._labels(anchor)

    def pairs(self, step: int) -> tuple[Tensor, Tensor]:
        """As `anchors`, followed by as many partners: 2 x `batch_size` images with their labels."""
        pairs = self.sampler.batch(step)
        _, erased = self.views([pairs.anchor, pairs.partner], step)
        return erased, self._labels(pairs.anchor).repeat(2)

    def batch(self, step: int) -> Batch:
        """Anchors, partners, the random-erased views of both, and the relit anchors that E_s sees."""
        pairs = self.sampler.batch(step)
        plain, erased = self.views([pairs.anchor, pairs.partner], step)
        x, x_partner = plain.chunk(2)
        x_erased, x_partner_erased = erased.chunk(2)
        x_relit = x
        if self.config.relight:
            x_relit = relight(x, self._draws(step, Stream.RELIGHT, 1, NUM_RELIGHT_DRAWS), self.config.relight)
        return Batch(x, x_partner, x_erased, x_partner_erased, x_relit, self._labels(pairs.anchor))

    def _labels(self, indices: Indices) -> Tensor:
        return self.labels[indices].to(self.device, non_blocking=True)
