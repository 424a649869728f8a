"""Market-1501: 751 training identities in 12 936 images; 3 368 queries; 15 913 gallery images and 3 819 junk ones."""

from __future__ import annotations

from pathlib import Path

from dgnet.data.readers.tree import read_tree
from dgnet.data.records import ReidDataset


def read(root: Path) -> ReidDataset:
    """Read `bounding_box_train/`, `query/`, `bounding_box_test/` and `gt_bbox/` (names: `0002_c1s1_000451_03.jpg`).

    Pid -1 is junk (left out, counted in `num_junk`), pid 0 a distractor (kept). The 750 test identities have 3 368
    queries, one per camera; `multi_query` holds the hand-drawn boxes of each query's identity and camera.
    Raises DataError for a missing or empty folder and for a name that does not parse.
    """
    return read_tree("market1501", root)
