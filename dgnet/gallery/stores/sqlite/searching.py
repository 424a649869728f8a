"""Searching a gallery's file: exactly, over all features in memory; or by its index, where one was built and fits."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from dgnet.gallery.stores.protocol import Filter, Float32Array, Hits
from dgnet.gallery.stores.sqlite.conditions import condition
from dgnet.gallery.stores.sqlite.index import IndexFacts, build_index, propose, read_index
from dgnet.gallery.stores.sqlite.memory import Memory
from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.search import search

INDEX_NOTE = "index"  # holds the IndexFacts
_MOST_UNINDEXED = 20_000  # entries added since the index was built, which are searched one by one
_MOST_FROM_INDEX = 1000  # a greater k is searched exactly
_QUERIES_AT_ONCE = 32


class Searcher:
    """Finds the most similar entries; whoever calls it has begun a transaction, so all it reads is of one moment."""

    def __init__(self, path: Path, address: str, dim: int, dtype: type[np.float16] | type[np.float32]) -> None:
        self.index_path = path.with_name(f"{path.name}.faiss")
        self._dim, self._dtype = dim, dtype
        self._memory = Memory(address, dim, dtype)
        self._index: tuple[IndexFacts, Any] | None = None

    def search(self, connection: sqlite3.Connection, queries: Float32Array, k: int, only: Filter) -> Hits:
        """The k most similar entries that pass. With a filter, or without a fitting index, exactly."""
        numbers, similarity = self._by_index(connection, queries, k) if only.is_empty else (None, None)
        if numbers is None or similarity is None:
            numbers, similarity = self._exactly(connection, queries, k, only)
        wanted = json.dumps(np.unique(numbers).tolist())
        named = "SELECT number, id FROM entries WHERE number IN (SELECT value FROM json_each(?))"
        id_of = dict(connection.execute(named, [wanted]))
        return Hits([[id_of[number] for number in row] for row in numbers.tolist()], similarity)

    def build_index(self, connection: sqlite3.Connection, recall: float) -> IndexFacts:
        """Build the index of what is there now; see `index.build_index`."""
        removals = _removals(connection)
        self._memory.refresh(connection, removals)
        return build_index(self.index_path, self._memory.numbers, self._memory.features, removals, recall)

    def _exactly(
        self, connection: sqlite3.Connection, queries: Float32Array, k: int, only: Filter
    ) -> tuple[Int64Array, Float32Array]:
        self._memory.refresh(connection, _removals(connection))
        numbers, rows = self._memory.numbers, None
        if not only.is_empty:
            where, values = condition(only)
            passing = connection.execute(f"SELECT number FROM entries WHERE {where} ORDER BY number", values)
            rows = np.searchsorted(numbers, np.fromiter((number for (number,) in passing), np.int64))
        found = search(queries, self._memory.features, k, rows)
        return numbers[found.index], found.similarity

    def _by_index(
        self, connection: sqlite3.Connection, queries: Float32Array, k: int
    ) -> tuple[Int64Array | None, Float32Array | None]:
        note = connection.execute("SELECT text FROM notes WHERE name = ?", [INDEX_NOTE]).fetchone()
        facts = IndexFacts(**json.loads(note[0])) if note and self.index_path.exists() else None
        if facts is None or k > _MOST_FROM_INDEX or facts.removals != _removals(connection):
            return None, None
        newer = connection.execute("SELECT number FROM vectors WHERE number > ?", [facts.newest]).fetchall()
        if len(newer) > _MOST_UNINDEXED:
            return None, None
        if self._index is None or self._index[0] != facts:
            self._index = facts, read_index(self.index_path, facts)
        unindexed = np.array([number for (number,) in newer], np.int64)
        found, similarity = [], []
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[start : start + _QUERIES_AT_ONCE]
            candidates = np.union1d(propose(self._index[1], some, k), unindexed)
            candidates = candidates[candidates >= 0]
            near = search(some, self._features_of(connection, candidates), k)
            found.append(candidates[near.index])
            similarity.append(near.similarity)
        return np.concatenate(found), np.concatenate(similarity)

    def _features_of(self, connection: sqlite3.Connection, numbers: Int64Array) -> Float32Array:
        wanted = json.dumps(numbers.tolist())
        rows = connection.execute(
            "SELECT vector FROM vectors WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number", [wanted]
        )
        data = b"".join(blob for (blob,) in rows)
        return np.frombuffer(data, self._dtype).reshape(len(numbers), self._dim).astype(np.float32)


def _removals(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT removals FROM facts").fetchone()[0])
