"""A gallery in PostgreSQL with pgvector: `postgresql://USER@HOST:PORT/DATABASE?gallery=NAME`.

The gallery is a schema called NAME (`people` where none is given) with three tables: `meta` has one row, `entries` one
per image, `notes` one per note. The other options of the address are PostgreSQL's own (`sslmode=require`, ...). A
password is best left out of the address: PostgreSQL's client finds it in `$PGPASSWORD` or `~/.pgpass`.

What it promises beyond the contract: a batch is one transaction, flushed to the disk before `add` returns unless the
server itself was set to `fsync=off`. Search reads every entry that passes (no approximate index) and computes in single
precision, also where features are kept in half; equal similarities are in the order of ids. `remove` rewrites the table
(`VACUUM FULL`), so that the removed bytes leave its files; others wait for that long. Until the server recycles them,
its write-ahead log, replicas and backups still have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np

from dgnet.gallery.stores.checks import check_batch, check_features
from dgnet.gallery.stores.postgres_connection import Connection
from dgnet.gallery.stores.postgres_tables import COLUMNS, TYPES, columns_of, create_tables, open_tables
from dgnet.gallery.stores.postgres_tables import condition as condition_of
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, GalleryError, Hits, Meta
from dgnet.gallery.stores.server import check_all


class PostgresStore:
    """A gallery in PostgreSQL, by one connection."""

    def __init__(self, server: Connection, meta: Meta) -> None:
        self._server, self.meta, self.address = server, meta, server.address

    @classmethod
    def create(cls, address: str, meta: Meta) -> Self:
        """Make a gallery. Features are kept in single precision where pgvector is older than 0.7.

        Raises:
            GalleryError: there is one of this name, or another schema; no pgvector; no right to create.
        """
        server = Connection(address)
        try:
            create_tables(server, meta)
            return cls(server, open_tables(server))
        except BaseException:
            server.close()
            raise

    @classmethod
    def open(cls, address: str) -> Self:
        """Open a gallery. Raises GalleryError where there is none."""
        server = Connection(address)
        try:
            return cls(server, open_tables(server))
        except BaseException:
            server.close()
            raise

    def add(self, entries: Sequence[Entry], vectors: Float32Array, thumbnails: Sequence[bytes]) -> list[bool]:
        check_batch(entries, vectors, thumbnails, self.meta, self.address)
        if not entries:
            return []
        half = self.meta.precision == "float16"
        with self._server.turn(), self._server.raw.transaction(), self._server.raw.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS batch (LIKE entries) ON COMMIT DELETE ROWS")
            with cursor.copy("COPY pg_temp.batch FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types((*TYPES, "halfvec" if half else "vector", "bytea"))
                for entry, vector, thumbnail in zip(entries, vectors, thumbnails, strict=True):
                    picture = thumbnail if self.meta.thumbnails else b""
                    copy.write_row((*columns_of(entry), self._vector(vector, half=half), picture))
            # In the order of ids, so that two that add the same wait for each other and never both.
            cursor.execute(
                "INSERT INTO entries SELECT * FROM pg_temp.batch ORDER BY id ON CONFLICT (id) DO NOTHING RETURNING id"
            )
            new = {row[0] for row in cursor.fetchall()}
        return [entry.id in new for entry in entries]

    def _vector(self, vector: Float32Array, *, half: bool = False) -> object:
        from pgvector import HalfVector, Vector

        return HalfVector(vector) if half else Vector(vector)

    def remove(self, only: Filter) -> int:
        if only.is_empty:
            raise GalleryError(f"{self.address}: say what to remove; an empty filter would remove everything")
        condition, parameters = condition_of(only)
        removed = self._server.changed(f"DELETE FROM entries WHERE {condition}", parameters)
        if removed:
            self._server.rows("VACUUM FULL entries")
        return removed

    def label(self, ids: Sequence[str], identity: str) -> int:
        statement = "UPDATE entries SET identity = %s WHERE id = ANY(%s)"
        return self._server.changed(statement, [identity, list(ids)])

    def count(self, only: Filter = EVERY) -> int:
        condition, parameters = condition_of(only)
        return self._server.rows(f"SELECT count(*) FROM entries WHERE {condition}", parameters)[0][0]

    def state(self) -> tuple[int, ...]:
        known = "hashtext(concat_ws('|', id, camera, time, identity, track))"
        return self._server.rows(f"SELECT count(*), coalesce(sum({known}), 0)::bigint FROM entries")[0]

    def present(self, ids: Sequence[str]) -> set[str]:
        return {row[0] for row in self._server.rows("SELECT id FROM entries WHERE id = ANY(%s)", [list(ids)])}

    def search(self, queries: Float32Array, k: int, only: Filter = EVERY) -> Hits:
        check_features(queries, self.meta.dim, self.address)
        condition, parameters = condition_of(only)
        columns, order = "id, feature::vector <#> %s AS distance", "ORDER BY distance, id LIMIT %s"
        statement = f"SELECT {columns} FROM entries WHERE {condition} {order}"
        found = [self._server.rows(statement, [self._vector(query), *parameters, k], binary=True) for query in queries]
        width = min((len(rows) for rows in found), default=0)  # they differ only where another process adds meanwhile
        similarity = np.array([[-row[1] for row in rows[:width]] for rows in found], np.float32)
        return Hits([[row[0] for row in rows[:width]] for rows in found], similarity.reshape(len(queries), width))

    def get(self, ids: Sequence[str]) -> dict[str, Entry]:
        rows = self._server.rows(f"SELECT {COLUMNS} FROM entries WHERE id = ANY(%s)", [list(ids)])
        return {row[0]: Entry(*row) for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        rows = self._server.rows("SELECT id, feature FROM entries WHERE id = ANY(%s)", [list(ids)], binary=True)
        return {row[0]: row[1].to_numpy().astype(np.float32) for row in rows}

    def thumbnails(self, ids: Sequence[str]) -> dict[str, bytes]:
        statement = "SELECT id, thumbnail FROM entries WHERE id = ANY(%s) AND thumbnail <> ''"
        return dict(self._server.rows(statement, [list(ids)], binary=True))

    def entries(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[list[Entry]]:
        for rows in self._pages(COLUMNS, only, batch_size):
            yield [Entry(*row) for row in rows]

    def read(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[tuple[list[Entry], Float32Array]]:
        for rows in self._pages(f"{COLUMNS}, feature", only, batch_size):
            yield [Entry(*row[:-1]) for row in rows], np.stack([row[-1].to_numpy() for row in rows]).astype(np.float32)

    def _pages(self, columns: str, only: Filter, batch_size: int) -> Iterator[list[tuple]]:
        """Rows in the order of ids; each page begins after the last id of the one before."""
        condition, parameters = condition_of(only)
        statement = f"SELECT {columns} FROM entries WHERE {condition} AND id > %s ORDER BY id LIMIT %s"
        last = ""
        while rows := self._server.rows(statement, [*parameters, last, batch_size], binary=True):
            yield rows
            last = rows[-1][0]

    def note(self, name: str) -> str | None:
        rows = self._server.rows("SELECT text FROM notes WHERE name = %s", [name])
        return rows[0][0] if rows else None

    def set_note(self, name: str, text: str | None) -> None:
        if text is None:
            self._server.rows("DELETE FROM notes WHERE name = %s", [name])
        else:
            statement = "INSERT INTO notes VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET text = excluded.text"
            self._server.rows(statement, [name, text])

    def change_note(self, name: str, change: Callable[[str | None], str]) -> str:
        with self._server.turn(), self._server.raw.transaction():
            self._server.rows("LOCK TABLE notes IN SHARE ROW EXCLUSIVE MODE")  # others may read, and wait to write
            changed = change(self.note(name))
            self.set_note(name, changed)
        return changed

    def check(self) -> list[str]:
        return check_all(self, batch_size=1000)

    def close(self) -> None:
        self._server.close()
