"""Overwriting what was removed from a gallery's file, and reading the file through for faults."""

from __future__ import annotations

import sqlite3

from dgnet.gallery.stores.protocol import GalleryError


def erase(connection: sqlite3.Connection, address: str) -> None:
    """Leave no byte of removed entries in the file or in its journal.

    `secure_delete` has overwritten the rows, in pages that the journal holds: the journal is moved into the file and
    cut to nothing.

    Raises GalleryError where another process keeps reading, so that its journal cannot be cut.
    """
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise GalleryError(
            f"{address}: the entries are removed, but another process is reading, so their bytes are still in the "
            "journal beside the file; run the same command again when it is done"
        )


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
