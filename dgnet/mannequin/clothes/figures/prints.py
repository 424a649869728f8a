"""Things printed on cloth: dots, and pictures and letters made of cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import TRUNK_RADIUS, Points

# Letters of five rows of four cells, the first cell the highest bit.
_LETTERS = {
    "A": (6, 9, 15, 9, 9), "B": (14, 9, 14, 9, 14), "C": (7, 8, 8, 8, 7), "E": (15, 8, 14, 8, 15),
    "F": (15, 8, 14, 8, 8), "H": (9, 9, 15, 9, 9), "K": (9, 10, 12, 10, 9), "L": (8, 8, 8, 8, 15),
    "M": (9, 15, 15, 9, 9), "N": (9, 13, 11, 9, 9), "O": (6, 9, 9, 9, 6), "R": (14, 9, 14, 10, 9),
    "S": (7, 8, 6, 1, 14), "T": (15, 4, 4, 4, 4), "U": (9, 9, 9, 9, 6), "X": (9, 6, 6, 6, 9),
    "1": (4, 12, 4, 4, 14), "2": (14, 1, 6, 8, 15), "7": (15, 1, 2, 4, 4), "8": (6, 9, 6, 9, 6),
}  # fmt: skip
ALPHABET = "".join(_LETTERS)
_ROUND = 2 * math.pi * TRUNK_RADIUS  # statures around the trunk


@dataclass(frozen=True, slots=True)
class Dots:
    """Round dots of `radius` in rows `pitch` apart (statures), every second row shifted by half a pitch."""

    pitch: float
    radius: float

    def share(self, points: Points) -> Floats:
        around, up = points.on_cloth()
        row = np.floor(up / self.pitch)
        x = (around / self.pitch + 0.5 * (row % 2)) % 1 - 0.5
        y = (up / self.pitch) % 1 - 0.5
        return (np.hypot(x, y) * self.pitch < self.radius).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Print:
    """A picture of `rows` of cells (bits, the highest one leftmost of `columns`), `height` statures high.

    Its middle lies `around` the body (0 in front) and at height `up`.
    """

    rows: tuple[int, ...]
    columns: int
    height: float
    around: float = 0.0
    up: float = 0.70

    def share(self, points: Points) -> Floats:
        around, up = points.on_cloth()
        cell = self.height / len(self.rows)
        # `around` grows to the person's left, which is the viewer's right.
        beside = (around - self.around + _ROUND / 2) % _ROUND - _ROUND / 2
        column = np.floor(beside / cell + self.columns / 2).astype(np.int64)
        row = np.floor((self.up - up) / cell + len(self.rows) / 2).astype(np.int64)
        inside = (column >= 0) & (column < self.columns) & (row >= 0) & (row < len(self.rows)) & ~points.sleeve
        bits = np.array(self.rows, np.int64)[np.clip(row, 0, len(self.rows) - 1)]
        on = (bits >> np.clip(self.columns - 1 - column, 0, None)) & 1
        return (inside & (on == 1)).astype(np.float32)


def lettering(text: str, height: float, around: float, up: float) -> Print:
    """A word of ALPHABET's letters as a print."""
    rows = [0] * 5
    for letter in text:
        rows = [(row << 5) | (bits << 1) for row, bits in zip(rows, _LETTERS[letter], strict=True)]
    return Print(tuple(rows), 5 * len(text), height, around, up)
