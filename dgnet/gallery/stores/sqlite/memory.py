"""The features of a gallery's file, read into memory once, and kept up with what is added."""

from __future__ import annotations

import sqlite3

import numpy as np

from dgnet.gallery.stores.protocol import GalleryError
from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.search import Features

_ROWS_AT_ONCE = 8192


class Memory:
    """`features` (N×dim) and their `numbers` in the file (N, ascending), as of the last `refresh`."""

    def __init__(self, address: str, dim: int, dtype: type[np.float16] | type[np.float32]) -> None:
        self._address, self._dim, self._dtype = address, dim, np.dtype(dtype)
        self._forget(removals=-1)

    def _forget(self, removals: int) -> None:
        self._removals, self._size = removals, 0
        self._numbers: Int64Array = np.empty(0, np.int64)
        self._features: Features = np.empty((0, self._dim), self._dtype)

    @property
    def numbers(self) -> Int64Array:
        return self._numbers[: self._size]

    @property
    def features(self) -> Features:
        return self._features[: self._size]

    def refresh(self, connection: sqlite3.Connection, removals: int) -> None:
        """Read what was added since; or everything again, where entries were removed (`removals` counts how often).

        Numbers only grow and are never given twice, so what was added is what has a higher number.
        """
        if removals != self._removals:
            self._forget(removals)
        newest = int(self._numbers[self._size - 1]) if self._size else 0
        (more,) = connection.execute("SELECT count(*) FROM vectors WHERE number > ?", [newest]).fetchone()
        if not more:
            return
        self._make_room(self._size + more)
        found = connection.execute(
            "SELECT number, vector FROM vectors WHERE number > ? ORDER BY number LIMIT ?", [newest, more]
        )
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            numbers, blobs = zip(*rows, strict=True)
            data = b"".join(blobs)
            if len(data) != len(rows) * self._dim * self._dtype.itemsize:
                raise GalleryError(f"{self._address}: a feature has the wrong length; the file is damaged")
            there = slice(self._size, self._size + len(rows))
            self._numbers[there] = numbers
            self._features[there] = np.frombuffer(data, self._dtype).reshape(len(rows), self._dim)
            self._size += len(rows)

    def _make_room(self, size: int) -> None:
        if size <= len(self._numbers):
            return
        room = size if self._size == 0 else max(size, self._size + self._size // 4)
        numbers, features = np.empty(room, np.int64), np.empty((room, self._dim), self._dtype)
        numbers[: self._size], features[: self._size] = self.numbers, self.features
        self._numbers, self._features = numbers, features
