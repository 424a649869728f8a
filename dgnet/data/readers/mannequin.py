"""mannequin: the synthetic data set this package renders, written as a Market-1501 tree."""

from __future__ import annotations

from pathlib import Path

from dgnet.data.readers.tree import read_tree
from dgnet.data.records import ReidDataset


def read(root: Path) -> ReidDataset:
    """Read a rendered or bundled edition: the folders and names of Market-1501, with no junk and no `gt_bbox/`.

    The true swapped images under `swap_targets/` are no part of any split.
    """
    return read_tree("mannequin", root)
