"""A run under way: what all parts of an experiment share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.data import ExperimentData
from dgnet.experiment.run_folder import RunFolder
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.session import Context


@dataclass(frozen=True)
class Run:
    """A run under way.

    Args:
        config: everything about it.
        data: what it learns and is tested on.
        folder: where its files go.
        device: where its networks are.
        world: the processes that train together; the first alone writes files.
    """

    config: RunConfig
    data: ExperimentData
    folder: RunFolder
    device: torch.device
    world: World

    def feed(self, batch_size: int) -> Feed:
        """This process's batches of the training images."""
        return Feed(
            self.data.train,
            self.data.labels,
            self.data.camids,
            batch_size,
            self.config.augment,
            self.config.seed,
            self.device,
            rank=self.world.rank,
            world_size=self.world.size,
        )

    def context(self, checkpoints: Path) -> Context:
        """What a training of this run is given, whose states go to a folder of their own."""
        autocast = torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.config.precision == "bf16")
        return Context(self.config, self.data.people, checkpoints, self.folder.log, autocast, self.world)

    def card(self) -> dict[str, str]:
        """What every model file of this run says of it; its people by the hashes of their names alone."""
        return {
            "trained on": self.data.dataset.trained_on,
            "preset": self.config.preset,
            "people": self.data.people.marks(),
        }
