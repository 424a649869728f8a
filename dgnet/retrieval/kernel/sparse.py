"""Sparse matrices stored by rows, with the few operations that re-ranking needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import Int64Array

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True)
class SparseRows:
    """Row r holds `values[starts[r]:starts[r + 1]]` in the ascending columns `columns[starts[r]:starts[r + 1]]`."""

    starts: Int64Array
    columns: Int32Array
    values: Float32Array

    @property
    def num_rows(self) -> int:
        return len(self.starts) - 1

    def entries_of(self, rows: Int64Array) -> tuple[Int64Array, Int64Array]:
        """The positions of all entries of the listed rows, row by row; and the place in `rows` of each entry's row."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        which = np.repeat(np.arange(len(rows)), lengths)
        within = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self.starts[rows][which] + within, which

    def take(self, rows: Int64Array) -> SparseRows:
        """The listed rows, in that order; a row may be listed several times."""
        entry, which = self.entries_of(rows)
        return SparseRows(_starts(which, len(rows)), self.columns[entry], self.values[entry])

    def transposed(self, num_columns: int) -> SparseRows:
        """The transposed matrix: its rows are the columns of this one."""
        row = np.repeat(np.arange(self.num_rows, dtype=np.int32), np.diff(self.starts))
        order = np.argsort(self.columns, kind="stable")
        return SparseRows(_starts(self.columns, num_columns), row[order], self.values[order])


def from_entries(
    rows: Int64Array, columns: Int64Array, values: npt.NDArray[np.floating], num_rows: int, num_columns: int
) -> SparseRows:
    """A matrix of entries given in any order; entries with the same row and column are added."""
    key = rows * num_columns + columns
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    summed = np.add.reduceat(values[order], first) if len(first) else values
    place = key[first]
    return SparseRows(
        _starts(place // num_columns, num_rows),
        (place % num_columns).astype(np.int32),
        summed.astype(np.float32),
    )


def stacked(parts: list[SparseRows]) -> SparseRows:
    """One matrix: the rows of the first part, then those of the second, and so on."""
    offsets = np.cumsum([0] + [part.starts[-1] for part in parts])
    starts = [part.starts[:-1] + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    return SparseRows(
        np.concatenate([*starts, offsets[-1:]]),
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _starts(sorted_or_not: npt.NDArray[np.integer], number: int) -> Int64Array:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_or_not, minlength=number))]).astype(np.int64)
