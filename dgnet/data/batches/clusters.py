"""Which images adaptation sees together: some clusters, and some images of each, by different cameras if possible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.data.batches.pairs import Indices
from dgnet.data.batches.streams import PairStream, pair_generator


@dataclass(frozen=True)
class ClusterSampler:
    """Batches as a pure function of (seed, step, rank), for the clusters of one epoch.

    Args:
        labels: N, each image's cluster, 0 to C-1 without gaps; -1 for images in none, which are never drawn.
        camids: N, each image's camera.
        num_ids: clusters per batch of one process, all different where there are enough.
        num_images: images of each cluster. They go round its cameras: nobody comes a second time before every camera
            has come once. Where a cluster has fewer images, some come again.
        seed, rank, world_size: the batches of all ranks, one after another, are the batch that one process with
            `world_size * num_ids` clusters would draw.
    """

    labels: Indices
    camids: Indices
    num_ids: int
    num_images: int
    seed: int
    rank: int = 0
    world_size: int = 1

    def everyone(self, step: int) -> Indices:
        """The images of all ranks at `step`: `world_size * num_ids * num_images`, cluster by cluster."""
        random = pair_generator(self.seed, PairStream.CLUSTER, step)
        total, num_clusters = self.num_ids * self.world_size, int(self.labels.max()) + 1
        chosen = random.choice(num_clusters, total, replace=num_clusters < total)
        return np.concatenate([self._images_of(int(one), random) for one in chosen])

    def batch(self, step: int) -> Indices:
        """This rank's part of them."""
        size = self.num_ids * self.num_images
        return self.everyone(step)[self.rank * size : (self.rank + 1) * size]

    def _images_of(self, cluster: int, random: np.random.Generator) -> Indices:
        images = random.permutation(np.flatnonzero(self.labels == cluster))
        # How many images of its camera stand before each image in the shuffled order: sorted by this, stably, the
        # first image of every camera comes first, then every second one.
        turn = np.zeros(len(images), dtype=np.int64)
        for camid in np.unique(self.camids[images]):
            same = self.camids[images] == camid
            turn[same] = np.arange(int(same.sum()))
        ordered = images[np.argsort(turn, kind="stable")]
        return np.resize(ordered, self.num_images)
