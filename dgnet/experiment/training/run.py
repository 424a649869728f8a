"""The run that is being trained, as all steps of training share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.data import ExperimentData
from dgnet.experiment.run_folder import RunFolder
from dgnet.models.device import autocast_for
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.session import Context
from dgnet.training.synthetic_feed import SyntheticFeed


@dataclass(frozen=True)
class Run:
    """The run that is being trained.

    Args:
        config: its settings.
        data: what it is trained and tested on.
        folder: where its files are written.
        device: where its networks are.
        world: the processes that train together; only the first writes files.
    """

    config: RunConfig
    data: ExperimentData
    folder: RunFolder
    device: torch.device
    world: World

    def feed(self, batch_size: int, other: int = 0) -> Feed:
        """The batches of training images for this process; with `other`, added to the seed, other batches."""
        return Feed(
            self.data.train,
            self.data.labels,
            self.data.camids,
            batch_size,
            self.config.augment,
            self.config.seed + other,
            self.device,
            rank=self.world.rank,
            world_size=self.world.size,
        )

    def synthetic_feed(self, batch_size: int) -> SyntheticFeed | None:
        """The batches of synthetic images for this process; None where none are trained on."""
        made = self.data.synthetic
        if made is None:
            return None
        return SyntheticFeed(
            made.crops,
            made.soft,
            self.data.num_classes,
            batch_size,
            self.config.augment,
            self.config.seed,
            self.device,
            rank=self.world.rank,
            world_size=self.world.size,
        )

    def context(self, checkpoints: Path) -> Context:
        """What a training (of the teacher, or joint) is given of this run; its checkpoints go to `checkpoints`."""
        autocast = autocast_for(self.device, self.config.precision)
        return Context(self.config, self.data.people, checkpoints, self.folder.log, autocast, self.world)
