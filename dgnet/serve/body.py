"""Bodies of requests: bounded each and together, in bytes and in time, while they are read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from starlette.datastructures import Headers

from dgnet.serve.refusal import Refusal, busy
from dgnet.serve.settings import Limits

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Bodies:
    """All bodies that are being read or worked on."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextmanager
    def body(self, headers: Headers, receive: Receive) -> Iterator[Receive]:
        """A `receive` that raises Refusal where the body is too large, too slow, or too much beside the others."""
        limits, size = self._limits, 0
        if (said := headers.get("content-length", "0")).isdecimal() and int(said[:20]) > limits.bytes:
            raise self._too_large()
        deadline = time.monotonic() + limits.body_seconds
        whole = False

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal size, whole
            if whole:  # what follows is whether the client is still there
                return await receive()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise Refusal(
                    408,
                    "too_slow",
                    f"The body took more than {limits.body_seconds:g} seconds; send it at once.",
                    {"Connection": "close"},
                ) from None
            part = len(message.get("body", b""))
            size += part
            self._held += part
            if size > limits.bytes:
                raise self._too_large()
            if self._held > limits.waiting_bytes:
                raise busy("The service holds as many pictures as it takes at once; try again soon.", 1)
            whole = not message.get("more_body", False)
            return message

        try:
            yield bounded
        finally:
            self._held -= size

    def _too_large(self) -> Refusal:
        most = f"{self._limits.bytes // 2**20} MiB"
        return Refusal(413, "too_large", f"The body has more than {most}; send fewer or smaller pictures.")
