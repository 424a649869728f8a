"""The store in one SQLite file: the truth on the disk, its features in memory for exact search.

The file keeps a journal beside it (write-ahead log), so readers never wait for a writer, and two writers take turns.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dgnet.gallery.stores.checks import check_batch, check_features
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, GalleryError, Hits, Meta
from dgnet.gallery.stores.sqlite.conditions import as_json, condition
from dgnet.gallery.stores.sqlite.connection import create_file, open_file, told
from dgnet.gallery.stores.sqlite.index import IndexFacts
from dgnet.gallery.stores.sqlite.removal import erase, faults_of
from dgnet.gallery.stores.sqlite.searching import INDEX_NOTE, Searcher

# AUTOINCREMENT: the number of a removed entry is never given to another.
SCHEMA = """
CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE facts (meta TEXT NOT NULL, removals INTEGER NOT NULL);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, content_hash TEXT NOT NULL,
    source TEXT NOT NULL, camera TEXT NOT NULL, time REAL, identity TEXT NOT NULL, track TEXT NOT NULL
);
CREATE TABLE vectors (number INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE thumbnails (number INTEGER PRIMARY KEY, jpeg BLOB NOT NULL);
"""
_COLUMNS = "id, content_hash, source, camera, time, identity, track"
_AMONG = "id IN (SELECT value FROM json_each(?))"


class SqliteStore:
    """A gallery in one file; see the contract (`stores.protocol`). Of equal similarities, the older entry is first."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.address = str(path)
        self._connection = connection
        self._lock = threading.RLock()
        with told(self.address):
            found = connection.execute("SELECT meta FROM facts").fetchall()
        if len(found) != 1:
            raise GalleryError(f"{path}: what it holds features of is missing; the file is damaged")
        self._meta = Meta.from_json(found[0][0], self.address)
        self._dtype = np.float16 if self._meta.precision == "float16" else np.float32
        # The index is beside the file itself, whatever name it was opened by: there whoever removes entries finds it.
        self._searcher = Searcher(path.resolve(), self.address, self._meta.dim, self._dtype)

    @classmethod
    def create(cls, address: str, meta: Meta) -> SqliteStore:
        path = Path(address).expanduser()
        quoted = meta.to_json().replace("'", "''")
        return cls(path, create_file(path, f"{SCHEMA} INSERT INTO facts VALUES ('{quoted}', 0);"))

    @classmethod
    def open(cls, address: str) -> SqliteStore:
        path = Path(address).expanduser()
        connection = open_file(path)
        try:
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    @property
    def meta(self) -> Meta:
        return self._meta

    def add(self, entries: Sequence[Entry], vectors: Float32Array, thumbnails: Sequence[bytes]) -> list[bool]:
        check_batch(entries, vectors, thumbnails, self._meta, self.address)
        blobs = np.ascontiguousarray(vectors, dtype=self._dtype)
        new = []
        with self._writing() as connection:
            for entry, blob, jpeg in zip(entries, blobs, thumbnails, strict=True):
                row = (
                    entry.id,
                    entry.content_hash,
                    entry.source,
                    entry.camera,
                    entry.time,
                    entry.identity,
                    entry.track,
                )
                marks = "?, ?, ?, ?, ?, ?, ?"
                done = connection.execute(f"INSERT OR IGNORE INTO entries ({_COLUMNS}) VALUES ({marks})", row)
                new.append(done.rowcount == 1)
                if new[-1]:
                    connection.execute("INSERT INTO vectors VALUES (?, ?)", [done.lastrowid, blob.tobytes()])
                    if jpeg and self._meta.thumbnails:
                        connection.execute("INSERT INTO thumbnails VALUES (?, ?)", [done.lastrowid, jpeg])
        return new

    def remove(self, only: Filter) -> int:
        if only.is_empty:
            raise GalleryError(f"{self.address}: nothing says which entries to remove")
        where, values = condition(only)
        with self._writing() as connection:
            numbers = [number for (number,) in connection.execute(f"SELECT number FROM entries WHERE {where}", values)]
            for table in ("vectors", "thumbnails", "entries"):
                connection.executemany(f"DELETE FROM {table} WHERE number = ?", ([number] for number in numbers))
            if numbers:
                connection.execute("UPDATE facts SET removals = removals + 1")
        # Also where none were found: an earlier removal may have been killed before its journal was cut.
        with self._lock:
            self._searcher.index_path.unlink(missing_ok=True)  # it holds features too
        with told(self.address):
            erase(self._connection, self._lock, self.address)
        return len(numbers)

    def label(self, ids: Sequence[str], identity: str) -> int:
        with self._writing() as connection:
            done = connection.execute(f"UPDATE entries SET identity = ? WHERE {_AMONG}", [identity, as_json(ids)])
        return done.rowcount

    def count(self, only: Filter = EVERY) -> int:
        where, values = condition(only)
        return int(self._rows(f"SELECT count(*) FROM entries WHERE {where}", values)[0][0])

    def state(self) -> tuple[int, ...]:
        with self._lock:  # SQLite counts what other connections have changed, and what this one has
            return self._rows("PRAGMA data_version", [])[0][0], self._connection.total_changes

    def present(self, ids: Sequence[str]) -> set[str]:
        return {found for (found,) in self._rows(f"SELECT id FROM entries WHERE {_AMONG}", [as_json(ids)])}

    def search(self, queries: Float32Array, k: int, only: Filter = EVERY) -> Hits:
        check_features(queries, self._meta.dim, self.address)
        with self._lock, self._reading() as connection:
            return self._searcher.search(connection, queries, k, only)

    def build_index(self, recall: float) -> IndexFacts:
        """Build an approximate index beside the file, which later searches without a filter use; see `index`."""
        with self._lock, self._reading() as connection:
            facts = self._searcher.build_index(connection, recall)
        self.set_note(INDEX_NOTE, facts.to_json())
        return facts

    def index_facts(self) -> IndexFacts | None:
        """What the index was built of; None where there is none."""
        note = self.note(INDEX_NOTE)
        return IndexFacts(**json.loads(note)) if note and self._searcher.index_path.exists() else None

    def get(self, ids: Sequence[str]) -> dict[str, Entry]:
        rows = self._rows(f"SELECT {_COLUMNS} FROM entries WHERE {_AMONG}", [as_json(ids)])
        return {row[0]: Entry(*row) for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        joined = f"SELECT id, vector FROM entries JOIN vectors USING (number) WHERE {_AMONG}"
        return {id_: self._decoded([blob])[0] for id_, blob in self._rows(joined, [as_json(ids)])}

    def thumbnails(self, ids: Sequence[str]) -> dict[str, bytes]:
        return dict(
            self._rows(f"SELECT id, jpeg FROM entries JOIN thumbnails USING (number) WHERE {_AMONG}", [as_json(ids)])
        )

    def entries(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[list[Entry]]:
        for rows in self._pages("entries", _COLUMNS, only, batch_size):
            yield [Entry(*row[1:]) for row in rows]

    def read(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[tuple[list[Entry], Float32Array]]:
        for rows in self._pages("entries JOIN vectors USING (number)", f"vector, {_COLUMNS}", only, batch_size):
            yield [Entry(*row[2:]) for row in rows], self._decoded([row[1] for row in rows])

    def note(self, name: str) -> str | None:
        found = self._rows("SELECT text FROM notes WHERE name = ?", [name])
        return found[0][0] if found else None

    def set_note(self, name: str, text: str | None) -> None:
        with self._writing() as connection:
            if text is None:
                connection.execute("DELETE FROM notes WHERE name = ?", [name])
            else:
                connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", [name, text])

    def change_note(self, name: str, change: Callable[[str | None], str]) -> str:
        with self._writing() as connection:
            changed = change(self.note(name))
            connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", [name, changed])
        return changed

    def check(self) -> list[str]:
        with self._lock, told(self.address):
            return faults_of(self._connection, self._meta.dim * np.dtype(self._dtype).itemsize)

    def close(self) -> None:
        self._connection.close()

    def _pages(self, table: str, columns: str, only: Filter, batch_size: int) -> Iterator[list[tuple]]:
        """Rows of (number, columns), a batch per statement: no lock is held in between, so writers are not blocked."""
        where, values = condition(only)
        last = 0
        while rows := self._rows(
            f"SELECT number, {columns} FROM {table} WHERE number > ? AND {where} ORDER BY number LIMIT ?",
            [last, *values, batch_size],
        ):
            yield rows
            last = rows[-1][0]

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple]:
        with self._lock, told(self.address):
            return self._connection.execute(statement, values).fetchall()

    def _decoded(self, blobs: Sequence[bytes]) -> Float32Array:
        try:
            return np.frombuffer(b"".join(blobs), self._dtype).reshape(len(blobs), self._meta.dim).astype(np.float32)
        except ValueError as error:
            raise GalleryError(f"{self.address}: a feature has the wrong length; the file is damaged") from error

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """All that is read in the block is of one moment."""
        with told(self.address):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All that is written in the block is there afterwards, on the disk, or nothing of it."""
        with self._lock, told(self.address):
            self._connection.execute("BEGIN IMMEDIATE")  # waits for another writer
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends it by itself where the disk is full
                    self._connection.execute("ROLLBACK")
                raise
