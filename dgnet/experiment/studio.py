"""Where a synthetic data set is drawn: networks and sources, opened in every process anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dgnet import __version__
from dgnet.experiment.models.find import RUN, find_model
from dgnet.experiment.models.judge import discriminator_of, judge_of
from dgnet.files.images import ImagesU8
from dgnet.generation.synthesis.draw import Artist
from dgnet.generation.synthesis.people import people_of
from dgnet.generation.synthesis.recipe import Recipe, Sources
from dgnet.generation.synthesis.shards import Float32Array
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel


@dataclass(frozen=True)
class Studio:
    """What a process needs to draw: everything by its path, so that it can be sent to another process.

    Args:
        run: as `find` takes it.
        sources: the real images; `names` are their paths as the files' metadata name them.
        crops: the file of their pixels.
        features: that of their re-id features, where there is one.
        judge, discriminator: as `judge_of` and `discriminator_of` take them.
    """

    run: RUN
    device: str
    recipe: Recipe
    sources: Sources
    names: tuple[str, ...]
    crops: Path
    features: Path
    model_sha256: str
    judge: RUN | None = None
    discriminator: RUN | None = None

    def open(
        self,
        pixels: ImagesU8 | None = None,
        of_sources: Float32Array | None = None,
        loaded: LoadedModel[DGNet] | None = None,
    ) -> Artist:
        """Load the networks and return who draws. The sources' pixels and features and the model are read if None."""
        loaded, device = loaded or find_model(self.run), pick_device(self.device)
        features = people = None
        if self.recipe.keep_rank:
            judge = judge_of(self.run, self.judge, self.device, loaded.config.data.size)
            features = lambda x: judge.function(x)[judge.feature]  # noqa: E731
            people = people_of(self.sources, np.load(self.features) if of_sources is None else of_sources)
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
            np.load(self.crops, mmap_mode="r") if pixels is None else pixels,
            self.recipe,
            self.names,
            card,
            features,
            people,
            discriminator,
        )
