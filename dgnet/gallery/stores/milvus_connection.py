"""A connection to one collection of a Milvus server, whose errors are one sentence each."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dgnet.gallery.stores.protocol import GalleryError
from dgnet.gallery.stores.server import CONNECT_SECONDS, without_password

DEFAULT_PORT = 19_530
OLDEST = (2, 3)
WAIT_SECONDS = 120  # for a server that was restarted: it loads its collections again, which takes it half a minute
_NOT_LOADED = 101  # Milvus's code for a collection that is not in its memory (yet)
_OPTIONS = {"tls", "database"}


class Connection:
    """A server, and the name of a collection on it."""

    def __init__(self, address: str) -> None:
        self.address = without_password(address)
        uri, token, database, self.name = self._split(address)
        try:
            from pymilvus import MilvusClient, MilvusException
        except ImportError as error:
            raise GalleryError(
                f"{self.address}: Milvus needs the package {error.name}: pip install 'dgnet[milvus]'"
            ) from error
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs a traceback for what we say in a sentence
        self._failure = MilvusException
        try:
            # Two stores of one process do not share a connection: closing one must not close the other.
            self._client = MilvusClient(uri, token=token, db_name=database, timeout=CONNECT_SECONDS, dedicated=True)
            version = self._client.get_server_version(timeout=CONNECT_SECONDS)
        except MilvusException as error:
            raise GalleryError(
                f"{self.address}: Milvus at {self.where} cannot be used: {_line(error)}; is the server running, are "
                "host and port right, and does it want USER:PASSWORD as $MILVUS_TOKEN?"
            ) from error
        found = re.match(r"v?(\d+)\.(\d+)", version)
        if found and (int(found[1]), int(found[2])) < OLDEST:
            self.close()
            raise GalleryError(f"{self.address}: Milvus at {self.where} is {version}, must be 2.3 or newer")

    def _split(self, address: str) -> tuple[str, str, str, str]:
        """URI, token, database and collection of an address. Raises GalleryError."""
        form = "must be milvus://HOST:PORT/NAME, with a NAME of letters, digits and _ that begins with no digit"
        parts = urlsplit(address)
        try:
            host, port = parts.hostname, parts.port or DEFAULT_PORT
        except ValueError as error:
            raise GalleryError(f"{self.address}: {error}; {form}") from error
        options = dict(parse_qsl(parts.query))
        name = unquote(parts.path).strip("/")
        if not host or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,254}", name):
            raise GalleryError(f"{self.address}: found the host {host!r} and the name {name!r}; {form}")
        if unknown := set(options) - _OPTIONS:
            raise GalleryError(f"{self.address}: {sorted(unknown)[0]}= is not known; there are tls= and database=")
        token = os.environ.get("MILVUS_TOKEN", "")
        if parts.username and parts.password:
            token = f"{unquote(parts.username)}:{unquote(parts.password)}"
        scheme = "https" if options.get("tls", "").lower() in ("true", "1", "yes") else "http"
        self.where = f"{host}:{port}"
        return f"{scheme}://{self.where}", token, options.get("database", ""), name

    def call(self, method: str, **arguments: Any) -> Any:
        """Call a method of Milvus's client for the collection."""
        if method != "query_iterator":
            arguments["timeout"] = WAIT_SECONDS
        return self.waited(lambda: getattr(self._client, method)(self.name, **arguments))

    def waited(self, work: Callable[[], Any]) -> Any:
        """Do it, again and again while the server, just restarted, has not loaded the collection yet."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return work()
            except self._failure as error:
                if getattr(error, "code", 0) == _NOT_LOADED and time.monotonic() < deadline:
                    time.sleep(0.5)
                    continue
                raise GalleryError(
                    f"{self.address}: Milvus at {self.where} says: {_line(error)}; where the server was away, run the "
                    "same again: what was added before is kept"
                ) from error

    def close(self) -> None:
        self._client.close()


def _line(error: Any) -> str:
    """What Milvus said, in one line."""
    return re.sub(r"\s+", " ", str(getattr(error, "message", "") or error)).strip()
