"""A connection to the schema of a gallery in PostgreSQL, whose errors are one sentence each."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from dgnet.gallery.stores.protocol import GalleryError
from dgnet.gallery.stores.server import CONNECT_SECONDS, without_password

DEFAULT_NAME = "people"
_MAX_NAME = 63  # bytes: PostgreSQL cuts longer names short, without a word


class Connection:
    """A server and a database on it, and the name of a schema there. Each statement is a transaction of its own.

    Threads may share it: they take turns.
    """

    def __init__(self, address: str) -> None:
        self.address = without_password(address)
        parameters, self.name = split_address(address)
        try:
            import pgvector  # noqa: F401
            import psycopg
        except ImportError as error:
            raise GalleryError(
                f"{self.address}: PostgreSQL needs the package {error.name}: pip install 'dgnet[postgres]'"
            ) from error
        self.where = self.address
        self._turn = threading.RLock()
        try:
            known: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(parameters)
            self.where = f"{known.get('host', 'localhost')}:{known.get('port', 5432)}"
            given: dict[str, Any] = {"application_name": "dgnet", "connect_timeout": CONNECT_SECONDS, **known}
            self.raw: Any = psycopg.connect(**given, autocommit=True)
        except psycopg.OperationalError as error:
            raise GalleryError(self._unreachable(line(error))) from error
        except psycopg.Error as error:
            raise GalleryError(f"{self.address}: not an address of PostgreSQL: {line(error)}") from error

    def _unreachable(self, said: str) -> str:
        if "password" in said:
            advice = "give the password as $PGPASSWORD or in ~/.pgpass"
        elif "does not exist" in said:
            advice = "name a user and a database that are there"
        else:
            advice = "is the server running, and are host and port right?"
        return f"{self.address}: PostgreSQL at {self.where} cannot be used: {said}; {advice}"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """It is this thread's turn, and what PostgreSQL says becomes a GalleryError."""
        import psycopg

        try:
            with self._turn:
                yield
        except psycopg.Error as error:
            if self.raw.broken:
                raise GalleryError(
                    f"{self.address}: the connection to {self.where} was lost: {line(error)}; "
                    "run the same again once the server is back: what was added before is kept"
                ) from error
            raise GalleryError(f"{self.address}: {line(error)}") from error
        except UnicodeEncodeError as error:
            raise GalleryError(f"{self.address}: {error.object!r} is not text that can be kept as UTF-8") from error

    def rows(self, statement: Any, parameters: Sequence[Any] = (), *, binary: bool = False) -> list[tuple]:
        """What a statement gives."""
        with self.turn():
            # Without parameters, a % is a % (of a schema's name, say), and no place for one.
            cursor = self.raw.execute(statement, parameters or None, binary=binary)
            return cursor.fetchall() if cursor.description else []

    def changed(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """How many rows a statement has changed."""
        with self.turn():
            return self.raw.execute(statement, parameters).rowcount

    def close(self) -> None:
        self.raw.close()


def split_address(address: str) -> tuple[str, str]:
    """An address as what PostgreSQL's client understands, and the gallery's name. Raises GalleryError."""
    before, _, options = address.partition("?")
    pairs = [pair for pair in options.split("&") if pair]
    names = [unquote(pair.partition("=")[2]) for pair in pairs if pair.partition("=")[0] == "gallery"]
    name = names[-1] if names else DEFAULT_NAME
    size = len(name.encode(errors="replace"))
    if not name or "\0" in name or size > _MAX_NAME:
        raise GalleryError(
            f"{without_password(address)}: the gallery's name has {size} bytes, must have 1 to {_MAX_NAME} and no NUL"
        )
    others = "&".join(pair for pair in pairs if pair.partition("=")[0] != "gallery")
    return before + (f"?{others}" if others else ""), name


def line(error: Exception) -> str:
    """What PostgreSQL said, in one line."""
    return re.sub(r"\s+", " ", str(error)).strip()
