"""Views of training images: crops (images of one person each) from the store, augmented on the training device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dgnet.config import AugmentConfig
from dgnet.data.batches.augment import NUM_ERASE_DRAWS, Augment, random_erase
from dgnet.data.batches.colour import NUM_COLOUR_DRAWS, recolour
from dgnet.data.batches.framing import NUM_FRAMING_DRAWS, reframe
from dgnet.data.batches.pairs import Indices
from dgnet.data.batches.sensor import NUM_SENSOR_DRAWS, as_normal, degrade
from dgnet.data.batches.streams import Stream, draw
from dgnet.data.normalise import from_01, normalise, to_01
from dgnet.data.store.crops import Crops
from dgnet.data.store.packed import CropStore
from dgnet.files.images import ImagesU8
from dgnet.models.layers.units import channels_last

RESIDENT_FRACTION = 0.25  # a data set that needs at most this fraction of a GPU's free memory is kept there whole
RESIDENT_CHUNK = 4096  # images decoded at once while a data set is copied to the GPU


class Views:
    """Augmented images as a pure function of the step and of which images are asked for.

    Args:
        crops: the images, as pixels or packed.
        batch_size: images per role (`views`) in this process.
        augment: probabilities and sizes of the augmentations.
        seed: every random draw is a function of the seed and the step.
        device: where augmentation runs.
        rank, world_size: the number of this process, and how many train together. The draws of all ranks, one after
            another, are those that one process would make with a batch `world_size` times as large.
    """

    def __init__(
        self,
        crops: CropStore,
        batch_size: int,
        augment: AugmentConfig,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.crops, self.batch_size, self.config, self.device = crops, batch_size, augment, device
        self.seed, self.rank, self.world_size = seed, rank, world_size
        self.augment = Augment(crops.size, augment.mirror, augment.pad)
        self.whole = self._whole()

    def _whole(self) -> Tensor | ImagesU8 | None:
        """All images, in the GPU's memory or as the memory-mapped store; None if neither is possible."""
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            num_bytes = len(self.crops) * self.crops.size[0] * self.crops.size[1] * 3
            return resident(self.crops, self.device) if num_bytes <= RESIDENT_FRACTION * free else None
        return np.asarray(self.crops.images_u8) if isinstance(self.crops, Crops) else None

    def __len__(self) -> int:
        return len(self.crops)

    def images_u8(self, indices: Indices) -> Tensor:
        """The crops at `indices` as they are, uint8 N x H x W x 3, on the device."""
        if isinstance(self.whole, Tensor):
            return self.whole[torch.from_numpy(indices).to(self.device, non_blocking=True)]
        return torch.from_numpy(self.crops[indices]).to(self.device, non_blocking=True)

    def views(self, roles: list[Indices], step: int) -> tuple[Tensor, Tensor]:
        """The images of each role (anchor, partner), one role after another: augmented, and also varied and erased."""
        source, places = self.whole, np.concatenate(roles)
        if source is None:
            source, places = self.images_u8(places), np.arange(len(places))
        # Augmented as bytes: that moves a quarter of the memory that floats would.
        shift = self._draws(step, Stream.SHIFT, len(roles), Augment.NUM_DRAWS)
        x = channels_last(normalise(self.augment(source, places, shift)))
        erase = self._draws(step, Stream.ERASE, len(roles), NUM_ERASE_DRAWS)
        settings = (self.config.erase, self.config.erase_area, self.config.erase_aspect)
        return x, channels_last(random_erase(self._varied(x, len(roles), step), erase, *settings))

    def _varied(self, x: Tensor, num_roles: int, step: int) -> Tensor:
        """The images as other cameras would have taken them: reframed, then recoloured, then with a sensor's noise."""
        config = self.config
        if config.framing:
            x = reframe(x, self._draws(step, Stream.FRAMING, num_roles, NUM_FRAMING_DRAWS), config.framing)
        if not (config.colour or config.sensor):
            return x
        x_01 = to_01(x)
        if config.colour:
            x_01 = recolour(x_01, self._draws(step, Stream.COLOUR, num_roles, NUM_COLOUR_DRAWS), config.colour)
        if config.sensor:
            amounts = self._draws(step, Stream.SENSOR, num_roles, NUM_SENSOR_DRAWS)
            even = self._draws(step, Stream.NOISE, num_roles, x[0].numel())
            x_01 = degrade(x_01, amounts, as_normal(even).view(x.shape), config.sensor)
        return from_01(x_01)

    def _draws(self, step: int, stream: Stream, views: int, numbers: int) -> Tensor:
        shape = (views, self.batch_size, numbers)
        return draw(self.seed, step, stream, shape, self.rank, self.world_size)


def resident(crops: CropStore, device: torch.device) -> Tensor:
    """All crops in the device's memory, uint8 N x H x W x 3."""
    images_u8 = torch.empty(len(crops), *crops.size, 3, dtype=torch.uint8, device=device)
    for start in range(0, len(crops), RESIDENT_CHUNK):
        part = slice(start, start + RESIDENT_CHUNK)
        images_u8[part] = torch.from_numpy(crops[part])
    return images_u8
