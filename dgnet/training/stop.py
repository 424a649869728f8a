"""Stopping a run by SIGINT or SIGTERM: it finishes its step and saves its state before it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop and has saved its state."""


@dataclass
class StopRequest:
    """Whether SIGINT or SIGTERM has come (`came`)."""

    came: bool = field(default=False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside the context the first signal only sets `came`; a second one of the same kind has its usual effect."""

        def note(number: int, _frame: FrameType | None) -> None:
            self.came = True
            signal.signal(number, previous[signal.Signals(number)])

        previous = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in previous.items():
                signal.signal(one, handler)
