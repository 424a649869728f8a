"""mannequin: the synthetic data set that this package renders, in Market-1501's folders and file names."""

from __future__ import annotations

from pathlib import Path

from dgnet.data.readers.tree import read_tree
from dgnet.data.records import ReidDataset


def read(root: Path) -> ReidDataset:
    """Read a rendered or bundled edition: the folders and names of Market-1501, with no junk and no `gt_bbox/`.

    The true images of x_ij, in `swap_targets/`, are in no split.
    """
    return read_tree("mannequin", root)
