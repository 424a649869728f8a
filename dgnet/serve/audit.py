"""One line of JSON for every search, addition, change and removal: who asked, for what, and whom they were shown.

What cannot be written down is not done: a change's line is written before the change, a search's before its answer.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dgnet.serve.refusal import Refusal, line

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Who:
    """Who asked: the client's address, and the name of the token it gave."""

    client: str = ""
    token: str = ""


class Audit:
    """Writes lines to a file that only grows, readable by its owner alone; to standard error where none is named.

    Its folder is made where it is not there.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: io.FileIO | None = None
        self._torn = False  # whether the last line in the file is only the beginning of one
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer, which would keep the line of what was refused, and write it with a later one.
            self._file = io.FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a")

    def __call__(self, what: str, who: Who, **facts: object) -> None:
        """Write a line; it is with the system before the answer leaves. Raises Refusal where it cannot be written."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        said = {"audit": what, "at": now, "client": who.client, "token": who.token, **facts}
        try:
            self._write(f"{line(said)}\n")
        except OSError as error:
            logger.error("the audit cannot be written, so requests are refused: %s", error)
            message = "The service cannot write down who asks for what, so it does not do it; its log says why."
            raise Refusal(503, "audit", message) from error

    @contextlib.contextmanager
    def change(self, what: str, who: Who, **facts: object) -> Iterator[None]:
        """Write a line, then let the block make the change; where that fails, a second line says `failed`.

        Raises Refusal where the first cannot be written; nothing is changed then.
        """
        self(what, who, **facts)
        try:
            yield
        except Exception:
            with contextlib.suppress(Refusal):  # it is in the log, and what failed is what the client should hear of
                self(what, who, **facts, failed=True)
            raise

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, text: str) -> None:
        if self._file is None:
            print(text, end="", file=sys.stderr, flush=True)
            return
        data = (b"\n" if self._torn else b"") + text.encode()
        written = self._file.write(data) or 0
        if written:
            self._torn = written < len(data)
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
