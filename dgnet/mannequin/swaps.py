"""True swaps: pairs of images with the image that a perfect swap of them would give, for measuring or for training."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from dgnet.errors import DgnetError

SWAPS_FILE = "swap_targets.csv"
SWAPS_FOLDER = "swap_targets"
TRAIN_SWAPS_FILE = "train_swaps.csv"
TRAIN_SWAPS_FOLDER = "train_swaps"
COLUMNS = ("appearance", "structure", "target")


class SwapTargetsError(DgnetError, ValueError):
    """A mannequin tree whose swap targets cannot be used."""


@dataclass(frozen=True, slots=True)
class SwapTarget:
    """Paths of x_i (gives clothes and skin colour), x_j (gives everything else) and the true x_ij."""

    appearance: str
    structure: str
    target: str


def swap_targets(root: Path, name: str = SWAPS_FILE) -> tuple[SwapTarget, ...]:
    """The swaps listed in the file `name` under `root`, paths joined to it, in the list's order.

    Raises SwapTargetsError naming the file and line when the list is missing, malformed or empty, or lacks an image.
    """
    path = Path(root) / name
    if not path.is_file():
        raise SwapTargetsError(f"{path} is missing: {root} is not a mannequin tree (`dgnet data mannequin` writes one)")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise SwapTargetsError(f"{path}: the first line must be {','.join(COLUMNS)}, found {reader.fieldnames}")
        swaps = []
        for row in reader:
            swap = _read_row(path, reader.line_num, row)
            swaps.append(swap)
    if not swaps:
        raise SwapTargetsError(f"{path} lists no swap: write the data set again")
    return tuple(swaps)


def _read_row(path: Path, line: int, row: dict[str, str | None]) -> SwapTarget:
    values = []
    for column in COLUMNS:
        value = row.get(column)
        if not value:
            raise SwapTargetsError(f"{path}, line {line}: no {column}; a line is {','.join(COLUMNS)}")
        image = path.parent / value
        if not image.is_file():
            raise SwapTargetsError(f"{path}, line {line}: {column} image {image} is missing: write the data set again")
        values.append(str(image))
    return SwapTarget(*values)
