"""A gallery in Milvus (2.3 or newer): `milvus://HOST:PORT/NAME`; NAME is a collection of letters, digits and `_`.

`milvus://USER@HOST:PORT/NAME?tls=true&database=DB` names more. A password is best left out of the address: give
`USER:PASSWORD` or a key as `$MILVUS_TOKEN`.

The collection's description holds `Meta`. Entries are in its default partition, notes in a partition `notes`. Features
are in single precision, searched by a FLAT index: exact, at most 16 384 hits per query. The order of equal
similarities, and which of them are the last of the top k, are Milvus's own.

What it promises: `add` returns when Milvus has the batch in its log, which the death of any of its processes does not
touch (that of a machine: as its log's settings have it); `close` flushes to its object storage. Every reading waits for
all that was acknowledged before (consistency level Strong). Milvus has no transactions and would keep two rows of one
id: so rows are written by upsert, which replaces. `remove` starts a flush and a compaction; Milvus's garbage collector
deletes the old files hours later (`dataCoord.gc.dropTolerance`), and its log keeps messages for days
(`rocksmq.retentionTimeInMinutes` or what its Pulsar or Kafka says). Where that is too long, use another store.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

import numpy as np

from dgnet.gallery.stores.checks import check_batch, check_features
from dgnet.gallery.stores.milvus_connection import Connection
from dgnet.gallery.stores.milvus_rows import (
    FIELDS,
    MAX_BYTES,
    condition,
    entry_of,
    index_of,
    literal,
    note_key,
    note_row,
    note_text,
    row_of,
    schema_of,
)
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, GalleryError, Hits, Meta
from dgnet.gallery.stores.server import check_all, in_parts

ENTRIES, NOTES = "_default", "notes"  # partitions
MAX_HITS = 16_384  # of one query, and of one page: Milvus's own limit
_WRITE_BYTES = 16_000_000  # of one call; Milvus takes at most 64 MB
_SEARCH_HITS = 500_000  # of one call


class MilvusStore:
    """A gallery in Milvus, by one connection."""

    def __init__(self, address: str) -> None:
        self._server = Connection(address)
        self.address, self._name = self._server.address, self._server.name
        self._unflushed = False

    @classmethod
    def create(cls, address: str, meta: Meta) -> Self:
        """Make a gallery; features are kept in single precision, whatever `meta` says.

        Raises:
            GalleryError: there is a collection of this name, or no server.
        """
        store = cls(address)
        try:
            if store._server.call("has_collection"):
                raise GalleryError(
                    f"{store.address}: there is a collection {store._name!r} already; open it, or choose another name"
                )
            kept = replace(meta, precision="float32")
            store._server.call("create_collection", schema=schema_of(kept), consistency_level="Strong")
            return store._opened()
        except BaseException:
            store.close()
            raise

    @classmethod
    def open(cls, address: str) -> Self:
        """Open a gallery, and wait until Milvus has it in its memory. Raises GalleryError where there is none."""
        store = cls(address)
        try:
            if not store._server.call("has_collection"):
                raise GalleryError(
                    f"{store.address}: there is no gallery {store._name!r}; make it with: "
                    f"dgnet gallery create {store.address}"
                )
            return store._opened()
        except BaseException:
            store.close()
            raise

    def _opened(self) -> Self:
        """Read meta, and make what a creation that was killed has left out."""
        self._meta = Meta.from_json(self._server.call("describe_collection")["description"], self.address)
        if NOTES not in self._server.call("list_partitions"):
            self._server.call("create_partition", partition_name=NOTES)
        if not self._server.call("list_indexes"):
            self._server.call("create_index", index_params=index_of())
        self._server.call("load_collection")
        return self

    @property
    def meta(self) -> Meta:
        return self._meta

    def add(self, entries: Sequence[Entry], vectors: Float32Array, thumbnails: Sequence[bytes]) -> list[bool]:
        check_batch(entries, vectors, thumbnails, self._meta, self.address)
        there = self.present([entry.id for entry in entries])
        rows = []
        for entry, vector, thumbnail in zip(entries, vectors, thumbnails, strict=True):
            if entry.id not in there:
                rows.append(row_of(entry, vector, thumbnail if self._meta.thumbnails else b"", self.address))
        self._write(rows, ENTRIES)
        return [entry.id not in there for entry in entries]

    def _write(self, rows: list[dict[str, Any]], partition: str) -> None:
        size = 4 * self._meta.dim + max((len(row["picture"]) for row in rows), default=0) + 1000
        for start in range(0, len(rows), step := max(1, _WRITE_BYTES // size)):
            self._unflushed = True
            self._server.call("upsert", data=rows[start : start + step], partition_name=partition)

    def remove(self, only: Filter) -> int:
        if only.is_empty:
            raise GalleryError(f"{self.address}: say what to remove; an empty filter would remove everything")
        ids = [row["id"] for rows in self._pages(["id"], only, MAX_HITS) for row in rows]
        for part in in_parts(ids, 10_000):
            self._server.call("delete", ids=list(part), partition_name=ENTRIES)
        if ids:
            self._server.call("flush")
            self._server.call("compact")
        return len(ids)

    def label(self, ids: Sequence[str], identity: str) -> int:
        rows = [row for row in self._rows(ids, ["*"]) if row["identity"] != identity]
        same = len(self.present(ids)) - len(rows)
        self._write([{**{name: row[name] for name in FIELDS}, "identity": identity} for row in rows], ENTRIES)
        return same + len(rows)

    def count(self, only: Filter = EVERY) -> int:
        expression = condition(only)
        return 0 if expression is None else self._query(expression, ["count(*)"])[0]["count(*)"]

    def state(self) -> tuple[int, ...]:
        return (self.count(),)

    def _query(self, expression: str, fields: Sequence[str], partition: str = ENTRIES) -> list[dict[str, Any]]:
        return list(
            self._server.call("query", filter=expression, output_fields=list(fields), partition_names=[partition])
        )

    def _rows(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows with these ids, once each."""
        for part in in_parts(list(dict.fromkeys(ids)), 1000):
            yield from self._query(f"id in {literal(part)}", fields)

    def present(self, ids: Sequence[str]) -> set[str]:
        return {row["id"] for row in self._rows(ids, ["id"])}

    def search(self, queries: Float32Array, k: int, only: Filter = EVERY) -> Hits:
        check_features(queries, self._meta.dim, self.address)
        if k > MAX_HITS:
            raise GalleryError(f"{self.address}: {k} hits per query were asked for, Milvus gives at most {MAX_HITS}")
        expression, found = condition(only), []
        for start in range(0, len(queries), step := max(1, min(1000, _SEARCH_HITS // k))):
            if expression is None:
                break
            part = list(queries[start : start + step])
            given = {"search_params": {"metric_type": "IP"}, "partition_names": [ENTRIES], "limit": k}
            found += self._server.call("search", data=part, filter=expression, anns_field="feature", **given)
        width = min((len(hits) for hits in found), default=0)  # they differ only where another process adds meanwhile
        similarity = np.array([[hit["distance"] for hit in hits[:width]] for hits in found], np.float32)
        ids = [[hit["id"] for hit in hits[:width]] for hits in found] or [[] for _ in queries]
        return Hits(ids, similarity.reshape(len(queries), width))

    def get(self, ids: Sequence[str]) -> dict[str, Entry]:
        return {row["id"]: entry_of(row) for row in self._rows(ids, FIELDS[:-2])}

    def vectors(self, ids: Sequence[str]) -> dict[str, Float32Array]:
        return {row["id"]: np.array(row["feature"], np.float32) for row in self._rows(ids, ["id", "feature"])}

    def thumbnails(self, ids: Sequence[str]) -> dict[str, bytes]:
        rows = self._rows(ids, ["id", "picture"])
        return {row["id"]: base64.b64decode(row["picture"]) for row in rows if row["picture"]}

    def entries(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[list[Entry]]:
        for rows in self._pages(FIELDS[:-2], only, batch_size):
            yield [entry_of(row) for row in rows]

    def read(self, only: Filter = EVERY, batch_size: int = 10_000) -> Iterator[tuple[list[Entry], Float32Array]]:
        for rows in self._pages(FIELDS[:-1], only, min(batch_size, _WRITE_BYTES // (4 * self._meta.dim))):
            yield [entry_of(row) for row in rows], np.array([row["feature"] for row in rows], np.float32)

    def _pages(self, fields: Sequence[str], only: Filter, batch_size: int) -> Iterator[list[dict[str, Any]]]:
        """Rows in the order of ids."""
        expression = condition(only)
        if expression is None:
            return
        given = {"output_fields": list(fields), "partition_names": [ENTRIES], "batch_size": min(batch_size, MAX_HITS)}
        pages = self._server.call("query_iterator", filter=expression, **given)
        try:
            while rows := self._server.waited(pages.next):
                yield list(rows)
        finally:
            pages.close()

    def note(self, name: str) -> str | None:
        rows = self._query(f"id == {literal(note_key(name))}", ["picture"], NOTES)
        return note_text(rows[0]["picture"]) if rows else None

    def set_note(self, name: str, text: str | None) -> None:
        if text is None:
            self._server.call("delete", ids=[note_key(name)], partition_name=NOTES)
            return
        row = note_row(name, text, self._meta.dim)
        if len(row["picture"]) > MAX_BYTES:
            raise GalleryError(f"{self.address}: the note {name!r} is too long: {len(text)} characters")
        self._write([row], NOTES)

    def change_note(self, name: str, change: Callable[[str | None], str]) -> str:
        changed = change(self.note(name))
        self.set_note(name, changed)
        return changed

    def check(self) -> list[str]:
        return check_all(self, batch_size=1000)

    def close(self) -> None:
        with suppress(GalleryError):
            if self._unflushed:
                self._server.call("flush")
        self._unflushed = False
        self._server.close()
