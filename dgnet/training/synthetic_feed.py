"""Batches of synthetic images with soft labels, which the identity terms are trained on beside real images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dgnet.config import AugmentConfig
from dgnet.data.batches.pairs import PairSampler
from dgnet.data.batches.streams import SYNTHETIC_SEED
from dgnet.data.readers.synthetic import SoftLabels
from dgnet.data.store.packed import CropStore
from dgnet.training.views import Views


class SyntheticFeed(Views):
    """Random-erased synthetic images and their soft labels, as a pure function of the step: epochs in shuffled order.

    Args:
        soft: their labels, in the order of `crops`.
        num_classes: C, the number of training identities.
        crops, batch_size, augment, seed, device, rank, world_size: as of `Feed`; its draws are others than those of a
            `Feed` of the same seed.
    """

    def __init__(
        self,
        crops: CropStore,
        soft: SoftLabels,
        num_classes: int,
        batch_size: int,
        augment: AugmentConfig,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        seed += SYNTHETIC_SEED
        super().__init__(crops, batch_size, augment, seed, device, rank, world_size)
        alone = np.arange(len(crops))  # nobody has a partner here
        self.sampler = PairSampler(alone, alone, batch_size, seed, rank, world_size)
        self.labels, self.weights = torch.from_numpy(soft.labels), torch.from_numpy(soft.weights)
        self.num_classes = num_classes

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """B x 3 x H x W, and q: B x C, each row with the sum 1."""
        chosen = self.sampler.batch(step).anchor
        _, erased = self.views([chosen], step)
        q = torch.zeros(len(chosen), self.num_classes).scatter_add_(1, self.labels[chosen], self.weights[chosen])
        return erased, q.to(self.device, non_blocking=True)
