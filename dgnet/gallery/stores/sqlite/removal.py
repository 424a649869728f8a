"""Overwriting what was removed from a gallery's file, and reading the file through for faults."""

from __future__ import annotations

import sqlite3
import time
from contextlib import AbstractContextManager
from typing import Final

from dgnet.gallery.stores.protocol import GalleryError
from dgnet.gallery.stores.sqlite.connection import WAIT_SECONDS

TRY_SECONDS: Final = 0.2  # for which a try waits for others that read


def erase(connection: sqlite3.Connection, lock: AbstractContextManager[object], address: str) -> None:
    """Leave no byte of removed entries in the file or in its journal.

    `secure_delete` has overwritten the rows, in pages that the journal holds: the journal is moved into the file and
    cut to nothing. While another process reads, that is tried again and again, and `lock`, which guards the connection,
    is free in between, so that nobody who searches here waits with it.

    Raises GalleryError where the other process reads for longer than WAIT_SECONDS.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    while not _cut_journal(connection, lock):
        if time.monotonic() > give_up:
            raise GalleryError(
                f"{address}: the entries are removed, but another process is reading, so their bytes are still in the "
                "journal beside the file; run the same command again when it is done"
            )
        time.sleep(TRY_SECONDS)


def _cut_journal(connection: sqlite3.Connection, lock: AbstractContextManager[object]) -> bool:
    with lock:
        connection.execute(f"PRAGMA busy_timeout = {int(1000 * TRY_SECONDS)}")
        try:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * WAIT_SECONDS)}")
    return not busy


def faults_of(connection: sqlite3.Connection, vector_bytes: int) -> list[str]:
    """Faults of the whole file, one sentence each; none where it is sound."""
    found = [text for (text,) in connection.execute("PRAGMA integrity_check(10)") if text != "ok"]
    if found:
        return [f"SQLite finds: {text}" for text in found]
    for fault, where in (
        ("entries have no feature", "FROM entries WHERE number NOT IN (SELECT number FROM vectors)"),
        ("features belong to no entry", "FROM vectors WHERE number NOT IN (SELECT number FROM entries)"),
        ("thumbnails belong to no entry", "FROM thumbnails WHERE number NOT IN (SELECT number FROM entries)"),
        ("features have the wrong length", f"FROM vectors WHERE length(vector) <> {vector_bytes}"),
    ):
        (number,) = connection.execute(f"SELECT count(*) {where}").fetchone()
        if number:
            found.append(f"{number} {fault}")
    return found
