"""CUHK03-NP: 767 training identities in 7 365 detected or 7 368 labelled images; 1 400 queries; two cameras.

The gallery has 5 332 detected or 5 328 labelled images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dgnet.data.disk.listing import is_folder
from dgnet.data.readers.tree import GALLERY, TRAIN, find_root, read_tree
from dgnet.data.records import DataError, ReidDataset

Boxes = Literal["detected", "labeled"]


def read(root: Path, boxes: Boxes | None = None) -> ReidDataset:
    """Read `detected/` (the default) or `labeled/`, each with the folders of Market-1501 (names: `0003_c1_1.png`).

    `root` may also be one of the two folders itself, which is then read. Raises DataError for a missing or empty
    folder and for a name that does not parse.
    """
    if is_folder(root / TRAIN) or is_folder(root / GALLERY):
        if boxes is not None and root.name != boxes:
            raise DataError(f"{root}: boxes={boxes!r} was asked for; give the folder that holds {boxes}/")
        return read_tree("cuhk03np", root)
    chosen = boxes or "detected"
    root = find_root(root, (chosen,))
    notes = [] if boxes else ["these are the detected boxes; give the folder labeled/ for the hand-drawn ones"]
    return read_tree("cuhk03np", root / chosen, notes=notes)
