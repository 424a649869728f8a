"""DukeMTMC-reID: 702 training identities in 16 522 images; 2 228 queries; 17 661 gallery images; 8 cameras.

Its authors withdrew it. The reader is for those who hold a copy.
"""

from __future__ import annotations

from pathlib import Path

from dgnet.data.readers.tree import read_tree
from dgnet.data.records import ReidDataset

WITHDRAWN = "DukeMTMC-reID was withdrawn by its authors: mind their reasons before you publish with it"


def read(root: Path) -> ReidDataset:
    """Read `bounding_box_train/`, `query/` and `bounding_box_test/` (names: `0005_c2_f0046985.jpg`).

    Raises DataError for a missing or empty folder and for a name that does not parse.
    """
    return read_tree("dukemtmc", root, notes=[WITHDRAWN])
