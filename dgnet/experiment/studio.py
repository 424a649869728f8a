"""Where a synthetic data set is drawn: networks, sources and folders, opened in every process anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dgnet import __version__
from dgnet.experiment.models.find import RUN, find
from dgnet.experiment.models.judge import discriminator_of, judge_of
from dgnet.generation.synthesis.draw import Artist
from dgnet.generation.synthesis.people import people_of
from dgnet.generation.synthesis.recipe import Recipe, Sources
from dgnet.generation.synthesis.shards import WorkFolder
from dgnet.models.device import pick_device
from dgnet.models.weights.ours import load_model


@dataclass(frozen=True)
class Studio:
    """What a process needs to draw: everything by its path, so that it can be sent to another process.

    Args:
        run: as `find` takes it.
        sources: the real images; `names` are their paths as the files' metadata name them.
        crops: the file of their pixels.
        work: the folder of finished work.
        judge, discriminator: as `judge_of` and `discriminator_of` take them.
    """

    run: RUN
    device: str
    recipe: Recipe
    sources: Sources
    names: tuple[str, ...]
    crops: Path
    work: Path
    model_sha256: str
    judge: RUN | None = None
    discriminator: RUN | None = None

    def open(self) -> Artist:
        """Load the networks and return who draws."""
        found = find(self.run)
        assert found.model is not None
        loaded, device, work = load_model(found.model), pick_device(self.device), WorkFolder(self.work)
        features = people = None
        if self.recipe.keep_rank:
            judge = judge_of(self.run, self.judge, self.device, loaded.config.data.size)
            features = lambda x: judge.function(x)[judge.feature]  # noqa: E731
            people = people_of(self.sources, np.load(work.features))
        asked = self.recipe.min_realism is not None
        discriminator = discriminator_of(self.discriminator or self.run, device) if asked else None
        card = {
            "synthetic": True,
            "program": f"dgnet {__version__}",
            "model_sha256": self.model_sha256,
            "seed": self.recipe.seed,
        }
        return Artist(
            loaded.model.to(device),
            np.load(self.crops, mmap_mode="r"),
            self.recipe,
            work,
            self.names,
            card,
            features,
            people,
            discriminator,
        )
