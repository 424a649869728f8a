"""One line of JSON for every search, addition, change and removal: who asked, for what, and whom they were shown."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from dgnet.serve.refusal import line


@dataclass(frozen=True)
class Who:
    """Who asked: the client's address, and the name of the token it gave."""

    client: str = ""
    token: str = ""


class Audit:
    """Writes lines to a file that only grows, readable by its owner alone; to standard error where none is named."""

    def __init__(self, path: Path | None = None) -> None:
        self._stream: TextIO = sys.stderr
        self._own = path is not None
        if path is not None:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._stream = os.fdopen(descriptor, "a", encoding="utf-8")

    def __call__(self, what: str, who: Who, **facts: object) -> None:
        """Write a line; it is with the system before the answer leaves."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        said = {"audit": what, "at": now, "client": who.client, "token": who.token, **facts}
        self._stream.write(f"{line(said)}\n")
        self._stream.flush()

    def close(self) -> None:
        if self._own:
            self._stream.close()
