"""Batches for training: crops from the store, augmented on the training device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dgnet.config import AugmentConfig
from dgnet.data.augment import Augment, generator_for, normalise, random_erase
from dgnet.data.crops import Crops
from dgnet.data.pairs import PairSampler
from dgnet.models.layers import channels_last
from dgnet.training.step import Batch

RESIDENT_FRACTION = 0.25  # a set that takes no more of a GPU's free memory than this moves there whole


class Feed:
    """Training batches as a pure function of the step.

    Args:
        crops: the training images.
        labels: their labels, in the same order.
        camids: their cameras.
        batch_size: anchors a step.
        augment: probabilities and sizes.
        seed: with the step, the source of every draw.
        device: where augmentation runs.
        rank, world_size: which of the processes that train together this one is, and how many there are.
    """

    def __init__(
        self,
        crops: Crops,
        labels: Sequence[int],
        camids: Sequence[int],
        batch_size: int,
        augment: AugmentConfig,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.sampler = PairSampler(labels, camids, batch_size, seed, rank, world_size)
        self.rank = rank
        self.crops, self.config, self.seed, self.device = crops, augment, seed, device
        self.labels = torch.as_tensor(np.asarray(labels), dtype=torch.int64)
        self.augment = Augment(crops.size, augment.mirror, augment.pad)
        self.resident = self._resident()

    def _resident(self) -> Tensor | None:
        if self.device.type != "cuda":
            return None
        free, _ = torch.cuda.mem_get_info(self.device)
        fits = self.crops.images_u8.nbytes <= RESIDENT_FRACTION * free
        return torch.from_numpy(np.array(self.crops.images_u8)).to(self.device) if fits else None

    def __len__(self) -> int:
        return len(self.crops)

    def images_u8(self, indices: np.ndarray) -> Tensor:
        """The crops at `indices` as they are, uint8 N x H x W x 3, on the device."""
        if self.resident is not None:
            return self.resident[torch.from_numpy(indices).to(self.device)]
        return torch.from_numpy(self.crops[indices]).to(self.device)

    def anchors(self, step: int) -> tuple[Tensor, Tensor]:
        """Augmented and erased images with their labels, for training on real images alone."""
        anchor = self.sampler.batch(step).anchor
        _, erased = self._views(anchor, step)
        return erased, self.labels[anchor].to(self.device)

    def batch(self, step: int) -> Batch:
        """Anchors, partners, and the erased views of both."""
        pairs = self.sampler.batch(step)
        plain, erased = self._views(np.concatenate([pairs.anchor, pairs.partner]), step)
        x, x_partner = plain.chunk(2)
        x_erased, x_partner_erased = erased.chunk(2)
        return Batch(x, x_partner, x_erased, x_partner_erased, self.labels[pairs.anchor].to(self.device))

    def _views(self, indices: np.ndarray, step: int) -> tuple[Tensor, Tensor]:
        x = channels_last(
            self.augment(normalise(self.images_u8(indices)), generator_for(self.seed, step, self.rank, 1))
        )
        erased = random_erase(
            x,
            generator_for(self.seed, step, self.rank, 2),
            self.config.erase,
            self.config.erase_area,
            self.config.erase_aspect,
        )
        return x, channels_last(erased)
