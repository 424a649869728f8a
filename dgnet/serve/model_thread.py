"""The one thread that owns the model: pictures of several requests are taken together, in bounded numbers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from dgnet.files.images import ImagesU8
from dgnet.gallery.stores.protocol import Float32Array

Result = TypeVar("Result")


@dataclass
class _Job:
    """Crops to embed, or anything else to do with the model."""

    crops: ImagesU8 | None = None
    work: Callable[[], Any] | None = None
    future: Future[Any] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class ModelThread:
    """Runs everything that needs the model, in the order in which it came; crops to embed are batched.

    A batch is taken as soon as the thread is free and nothing else is on its way (`coming`), or it holds `batch`
    pictures, or its first picture has waited `batch_seconds`. While one batch is computed, the next gathers.

    Args:
        embed: crops uint8 B×H×W×3 to features B×dim; called by this thread alone.
        observe: told the number of pictures and the seconds of each batch.
    """

    def __init__(
        self,
        embed: Callable[[ImagesU8], Float32Array],
        *,
        batch: int,
        batch_seconds: float,
        observe: Callable[[int, float], None] = lambda *_: None,
    ) -> None:
        self._embed, self._observe = embed, observe
        self._batch, self._batch_seconds = batch, batch_seconds
        self._jobs: deque[_Job] = deque()
        self._coming = 0
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="dgnet-model", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._ending

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._jobs)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Within the block, crops are being made ready: a batch waits for them, up to its deadline."""
        with self._changed:
            self._coming += 1
        try:
            yield
        finally:
            with self._changed:
                self._coming -= 1
                self._changed.notify()

    def embed(self, crops: ImagesU8) -> Future[Float32Array]:
        """The features of crops, in their order."""
        return self._put(_Job(crops=crops))

    def do(self, work: Callable[[], Result]) -> Future[Result]:
        """What `work`, run by this thread, returns."""
        return self._put(_Job(work=work))

    def end(self) -> None:
        """Finish what was accepted, and stop."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()

    def _put(self, job: _Job) -> Future[Any]:
        with self._changed:
            if self._ending:
                raise RuntimeError("the model's thread has ended")
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._ending:
                    self._changed.wait()
                if not self._jobs:
                    return
                taken = [self._jobs.popleft()]
                if taken[0].crops is not None:
                    self._gather(taken)
            taken = [job for job in taken if job.future.set_running_or_notify_cancel()]
            if taken:
                self._work(taken)

    def _gather(self, taken: list[_Job]) -> None:
        """Add the crops of other requests to the first job's; the lock is held, except while waiting."""
        deadline = taken[0].since + self._batch_seconds
        num_pictures = _num_pictures(taken[0])
        while True:
            for job in [job for job in self._jobs if job.crops is not None]:
                if num_pictures + _num_pictures(job) > self._batch:
                    return
                self._jobs.remove(job)
                taken.append(job)
                num_pictures += _num_pictures(job)
            left = deadline - time.monotonic()
            if not self._coming or left <= 0 or num_pictures >= self._batch or self._ending:
                return
            self._changed.wait(left)

    def _work(self, taken: list[_Job]) -> None:
        try:
            if taken[0].work is not None:
                taken[0].future.set_result(taken[0].work())
                return
            crops = np.concatenate([job.crops for job in taken if job.crops is not None])
            began = time.monotonic()
            features = self._embed(crops)
            self._observe(len(crops), time.monotonic() - began)
            ends = np.cumsum([_num_pictures(job) for job in taken])
            for job, found in zip(taken, np.split(features, ends[:-1]), strict=True):
                job.future.set_result(found)
        except BaseException as error:  # whoever waits is told; the thread lives on
            for job in taken:
                if not job.future.done():
                    job.future.set_exception(error)


def _num_pictures(job: _Job) -> int:
    return 0 if job.crops is None else len(job.crops)
