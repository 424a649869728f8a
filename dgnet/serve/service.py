"""The parts that all requests share: gallery, model and its thread, decoders, and what was accepted so far."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from dgnet.experiment.models.model import Model
from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.calibration.marks import MARKS, read_marks
from dgnet.gallery.calibration.stored import stored_calibration
from dgnet.gallery.gallery import Gallery, Info
from dgnet.gallery.stores.protocol import CALIBRATION, Float32Array
from dgnet.serve.audit import Audit
from dgnet.serve.metrics import Metrics
from dgnet.serve.model_thread import ModelThread
from dgnet.serve.settings import DEFAULTS, Limits

Result = TypeVar("Result")
_STORE_THREADS = 4


@dataclass(frozen=True)
class About:
    """What a client is told of how the service was started."""

    token_required: bool = False
    temporary: bool = False


class Service:
    """Everything that an endpoint needs.

    Args:
        gallery: its embedder is loaded.
        model: the gallery's, which draws too where it can.
    """

    def __init__(
        self,
        gallery: Gallery,
        model: Model,
        *,
        limits: Limits = DEFAULTS,
        about: About = About(),
        audit: Audit | None = None,
    ) -> None:
        self.gallery, self.model, self.limits, self.about = gallery, model, limits, about
        self.audit = audit or Audit()
        self.metrics = Metrics()
        embedder = gallery.embedder
        self.thread = ModelThread(
            embedder.features,
            batch=limits.batch,
            batch_seconds=limits.batch_seconds,
            observe=self.metrics.observe_batch,
        )
        self.marking = asyncio.Lock()
        self._decoders = ThreadPoolExecutor(os.cpu_count() or 1, "dgnet-decode")
        self._store = ThreadPoolExecutor(_STORE_THREADS, "dgnet-store")
        self._calibration: tuple[str, Calibration] | None = None
        self._marks: tuple[str, dict[frozenset[str], bool]] | None = None
        self._info: tuple[tuple[int, ...], Info] | None = None

    async def decode(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function that decodes pictures, in one of as many threads as there are cores."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, function, *arguments)

    async def ask(self, function: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Call a function that asks or changes the gallery's store, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._store, partial(function, *arguments, **named))

    async def features(self, crops: Sequence[Any]) -> Float32Array:
        """The features of crops, by the model's thread, in its next batch."""
        return await asyncio.wrap_future(self.thread.embed(np.stack(crops)))

    async def draw(self, work: Callable[[], Result]) -> Result:
        """What the model draws, by the model's thread."""
        return await asyncio.wrap_future(self.thread.do(work))

    def calibration(self) -> Calibration | None:
        """The gallery's calibration, read anew where another process has changed it."""
        text = self.gallery.store.note(CALIBRATION)
        if text is None:
            return None
        if self._calibration is None or self._calibration[0] != text:
            found = stored_calibration(self.gallery.store)
            if found is None:
                return None
            self._calibration = text, found
        return self._calibration[1]

    def marks(self) -> dict[frozenset[str], bool]:
        """By the two that were marked, whether they were said to show one person."""
        text = self.gallery.store.note(MARKS) or ""
        if self._marks is None or self._marks[0] != text:
            marked = {frozenset((one.first, one.second)): one.same for one in read_marks(self.gallery.store)}
            self._marks = text, marked
        return self._marks[1]

    def info(self) -> Info:
        """What the gallery holds, read through again when it has changed."""
        state = self.gallery.store.state()
        if self._info is None or self._info[0] != state:
            self._info = state, self.gallery.info()
        return self._info[1]

    def forget_info(self) -> None:
        """Entries have changed here, which not every store can tell."""
        self._info = None

    def close(self) -> None:
        """Finish what was accepted, then let go of everything."""
        self._decoders.shutdown()
        self.thread.end()
        self._store.shutdown()
        self.gallery.close()
        self.audit.close()


def rates(calibration: Calibration | None) -> list[float]:
    """The false-accept rates that there is a threshold for, the most lenient first."""
    return [] if calibration is None else [one.asked for one in calibration.overall.thresholds]
