"""Opening the file of a gallery, and what SQLite's errors mean to its user."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from dgnet.gallery.stores.protocol import GalleryError

APPLICATION_ID = 0x64676E74  # "dgnt", in the file's header: what tells a gallery from other SQLite files
WAIT_SECONDS = 60  # for another process that is writing
_PAGE_BYTES = 16_384  # a page of the usual 4096 bytes would hold one feature of 1024 half-precision numbers, half empty
_HEADER, _HEADER_BYTES = b"SQLite format 3\0", 100


def create_file(path: Path, schema: str) -> sqlite3.Connection:
    """A new file with these tables, open.

    Raises GalleryError where something is there already: of several processes that make one file, one does.
    """
    if not path.parent.is_dir():
        raise GalleryError(f"{path}: cannot be made: {path.parent} is not a folder")
    try:
        # SQLite would open a file that another process makes at this moment; so the name is taken before it looks.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    except FileExistsError:
        raise GalleryError(
            f"{path}: exists already; add to it with `dgnet gallery add`, or name another file"
        ) from None
    except OSError as error:
        raise GalleryError(f"{path}: cannot be made: {error.strerror}") from error
    with told(str(path)):
        try:
            connection = _connect(path.resolve(), "mode=rw")
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; {schema}; COMMIT;")
        except BaseException:
            for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
                name.unlink(missing_ok=True)
            raise
    return _set_up(connection)


def open_file(path: Path) -> sqlite3.Connection:
    """Open a gallery's file, to be read alone where it may not be written to. Raises GalleryError."""
    if not path.exists():
        raise GalleryError(f"{path}: no such gallery; `dgnet gallery create {path}` makes one")
    if not path.is_file():
        raise GalleryError(f"{path}: not a file, so not a gallery")
    with told(str(path)):
        try:
            with path.open("rb") as stream:
                start = stream.read(_HEADER_BYTES)
        except OSError as error:
            raise GalleryError(f"{path}: cannot be read: {error.strerror}") from error
        if not start.startswith(_HEADER) or len(start) < _HEADER_BYTES:
            what = "is empty" if not start else "is another kind of file"
            raise GalleryError(f"{path}: {what}, not a gallery of dgnet's; give the file that `gallery create` made")
        real = path.resolve()  # SQLite keeps its journal beside the file itself, wherever a link to it is
        wal = real.with_name(f"{real.name}-wal")
        has_journal = wal.exists() and wal.stat().st_size > 0
        page_bytes, num_pages = int.from_bytes(start[16:18]), int.from_bytes(start[28:32])
        if not has_journal and path.stat().st_size < page_bytes * num_pages:
            raise GalleryError(
                f"{path}: cut short: {path.stat().st_size:,} bytes of {page_bytes * num_pages:,}; copy it again"
            )
        writable = os.access(real, os.W_OK) and os.access(real.parent, os.W_OK)
        # Where nothing may be written beside the file, SQLite cannot coordinate with others. Nobody can be writing
        # there then, unless a journal is left.
        alone = not writable and not has_journal
        connection = _connect(real, "mode=rw" if writable else "mode=ro&immutable=1" if alone else "mode=ro")
        try:
            found = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.Error:
            connection.close()
            raise
        if found != APPLICATION_ID or "entries" not in tables:
            connection.close()
            raise GalleryError(f"{path}: an SQLite file of another program, not a gallery of dgnet's")
    return _set_up(connection)


@contextlib.contextmanager
def told(address: str) -> Iterator[None]:
    """Turn SQLite's errors into GalleryErrors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise GalleryError(f"{address}: {_meaning(error)}") from error


def _meaning(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    match None if code is None else code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another process has been writing for {WAIT_SECONDS} seconds; try again when it is done"
        case sqlite3.SQLITE_FULL:
            return "the disk is full; nothing of this batch is kept: free some space and run the same again"
        case sqlite3.SQLITE_IOERR:
            return f"reading or writing failed ({error}): the disk is full or failing; nothing of this batch is kept"
        case sqlite3.SQLITE_READONLY:
            return "may only be read; give yourself permission to write to the file and its folder, or copy it"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"cut short or damaged ({error}); bring back a copy, or make it anew from the images"
        case sqlite3.SQLITE_CANTOPEN:
            return "cannot be opened; its folder must exist and be writable"
    return f"SQLite says: {error}"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # isolation_level None: transactions begin where this code says so.
    address = f"{path.as_uri()}?{mode}"
    return sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)


def _set_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous = FULL")  # a commit waits until its bytes are on the disk
    connection.execute("PRAGMA secure_delete = ON")  # deleted bytes are overwritten with zeros
    return connection
