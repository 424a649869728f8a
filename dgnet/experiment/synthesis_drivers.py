"""Who draws a synthetic data set: this process, several, or a Ray cluster.

On a cluster codes and images travel, and files are written where the command runs. Each worker is a process with the
networks. It is sent the sources' pixels once per machine, and with each task the codes that the task needs; what it
draws comes back. So nothing but the model's file need be there on every machine, and a worker that dies is replaced and
its task done again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from dgnet.experiment.cluster import cause, joined, workers_for
from dgnet.experiment.studio import Studio
from dgnet.files.images import ImagesU8
from dgnet.generation.synthesis.local import Driver, Task, in_process, in_processes, num_images
from dgnet.generation.synthesis.plan import CodeBatch
from dgnet.generation.synthesis.recipe import SynthesisError
from dgnet.generation.synthesis.shards import Drawn, Float32Array, WorkFolder
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel
from dgnet.training.distributed import World


class RemoteArtist:
    """A worker process: it opens the networks once, and does one task after another."""

    def __init__(self, studio: Studio, pixels: ImagesU8, features: Float32Array | None) -> None:
        torch.set_num_threads(1)  # as in every other driver: torch's sums depend on their number
        self._artist = studio.open(pixels, features)

    def do(self, task: Task, codes: Float32Array | None) -> tuple[Task, Float32Array | Drawn]:
        """The task, and what it gives."""
        if isinstance(task, CodeBatch):
            return task, self._artist.encode(task)
        assert codes is not None
        return task, self._artist.draw(task, codes)


@contextmanager
def on_cluster(studio: Studio, work: WorkFolder, cluster: str, workers: int) -> Iterator[Driver]:
    """Do tasks on all machines of a cluster, in `workers` processes; 0 means one per GPU, or per CPU without GPUs.

    Args:
        cluster: as `joined` takes it.

    Raises:
        ClusterError: Ray is not installed, or there is no such cluster.
        SynthesisError: a worker failed.
    """
    with joined(cluster) as ray:
        from ray.util import ActorPool

        number, place = workers_for(ray, workers or None, studio.device)
        pixels = ray.put(np.load(studio.crops))
        features = ray.put(np.load(studio.features)) if studio.recipe.keep_rank else None
        remote = ray.remote(RemoteArtist).options(**place, max_restarts=3, max_task_retries=3)
        pool = ActorPool([remote.remote(studio, pixels, features) for _ in range(number)])

        def send(artist: Any, task: Task) -> Any:  # called when an artist is free, so few codes are in memory at once
            return artist.do.remote(task, None if isinstance(task, CodeBatch) else work.codes_of(task))

        def drive(tasks: Sequence[Task]) -> Iterator[int]:
            todo = [task for task in tasks if not work.done(task)]
            yield sum(map(num_images, tasks)) - sum(map(num_images, todo))
            try:
                for task, found in pool.map_unordered(send, todo):
                    work.keep(task, found)
                    yield num_images(task)
            except ray.exceptions.RayError as error:
                raise SynthesisError(f"--ray {cluster}: a worker failed: {cause(error)}") from error

        yield drive


def driver_for(
    studio: Studio, loaded: LoadedModel[DGNet], work: WorkFolder, world: World, workers: int, cluster: str
) -> AbstractContextManager[Driver]:
    """A cluster; this process; or several, as many as there is work for."""
    if cluster:
        return on_cluster(studio, work, cluster, workers)
    if not workers:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        enough = -(-studio.recipe.count // 1000)
        workers = min(cores, enough) if studio.device == "cpu" and world.size == 1 else 1
    if workers == 1:
        return in_process(partial(studio.open, loaded=loaded), work)
    return in_processes(studio.open, work, workers)
