"""How fast each client may ask: a bucket per client that fills by the second, and requests that take from it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_SECONDS = 10  # of requests that a client may make at once
_MOST_CLIENTS = 10_000  # that are remembered; the one that asked longest ago is forgotten first


class Rates:
    """Each client has `rate` requests per second, over ten seconds; 0 sets no limit."""

    def __init__(self, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._now = rate, now
        self._most = rate * _SECONDS
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> requests left, and when

    def take(self, client: str, cost: float = 1.0) -> float:
        """Take a request from a client's bucket; returns the seconds to wait where too little is left, else 0."""
        if not self._rate:
            return 0.0
        now = self._now()
        left, when = self._left.pop(client, (self._most, now))
        left = min(self._most, left + (now - when) * self._rate)
        allowed = left >= 1.0
        self._left[client] = (max(-self._most, left - cost) if allowed else left, now)
        if len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._rate
