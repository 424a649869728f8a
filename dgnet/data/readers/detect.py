"""Which data set lies in a folder, and reading it by name."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from dgnet.data.readers import cuhk03np, dukemtmc, folder, manifest, mannequin, market1501, msmt17
from dgnet.data.readers.tree import TRAIN, image_names, is_image
from dgnet.data.records import DataError, ReidDataset

NAMES = ("market1501", "dukemtmc", "msmt17", "cuhk03np", "mannequin", "manifest", "folder")


def read_dataset(
    name: str, root: Path, *, pattern: str | None = None, num_test_ids: int = folder.NUM_TEST_IDS
) -> ReidDataset:
    """Read the data set `name` (one of NAMES, or `auto`: see `detect`) from `root`; the options are `folder`'s.

    Raises DataError.
    """
    if name == "auto":
        name, root = _locate(root)
    match name:
        case "market1501":
            return market1501.read(root)
        case "dukemtmc":
            return dukemtmc.read(root)
        case "msmt17":
            return msmt17.read(root)
        case "cuhk03np":
            return cuhk03np.read(root)
        case "mannequin":
            return mannequin.read(root)
        case "manifest":
            return manifest.read(root)
        case "folder":
            return folder.read(root, pattern=pattern, num_test_ids=num_test_ids)
    nearest = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise DataError(f"no data set is called {name!r}.{hint} Known: auto, {', '.join(NAMES)}")


def detect(root: Path) -> str:
    """The name of the data set in `root` (or in its only child that holds one), by what is there and how it is named.

    Raises DataError where nothing, or more than one thing, fits.
    """
    return _locate(root)[0]


def _locate(root: Path) -> tuple[str, Path]:
    """The data set's name, and the folder that holds it: `root` or a child."""
    if root.is_file():
        manifest.find_manifest(root)
        return "manifest", root
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give the folder a data set was unpacked to")
    children = [child for child in sorted(root.iterdir()) if child.is_dir() and not child.name.startswith(".")]
    found = [(layout, place) for place in (root, *children) if (layout := _layout(place)) is not None]
    if found and (found[0][1] == root or len(found) == 1):
        return found[0]
    if found:
        listed = ", ".join(f"{place.name} ({layout})" for layout, place in found)
        raise DataError(f"{root}: several data sets lie here: {listed}; give one of them")
    if any(_any_image(place) for place in (root, *children)) or any((root / s).is_dir() for s in ("train", "query")):
        return "folder", root
    raise DataError(
        f"{root}: no data set is recognised here. Expected {TRAIN}/ (Market-1501 and its kin), list_train.txt "
        "(MSMT17), detected/ or labeled/ (CUHK03-NP), manifest.csv, or one folder an identity"
    )


def _layout(root: Path) -> str | None:
    if any((root / name).is_file() for name in manifest.FILE_NAMES):
        return "manifest"
    if (root / "list_train.txt").is_file():
        return "msmt17"
    if any((root / boxes / TRAIN).is_dir() for boxes in ("detected", "labeled")):
        return "cuhk03np"
    if not (root / TRAIN).is_dir():
        return None
    return "mannequin" if (root / "swap_targets.csv").is_file() else _by_names(root / TRAIN)


def _by_names(train: Path) -> str:
    names = image_names(train)
    if not names:
        raise DataError(f"{train}: no image in this folder; unpack the data set again, or check the path")
    for name, pattern in (
        ("market1501", r"\d+_c\d+s\d+_"),
        ("dukemtmc", r"\d+_c\d+_f\d+"),
        ("cuhk03np", r"\d+_c[12]_\d+\."),
    ):
        if re.match(pattern, names[0]):
            return name
    raise DataError(f"{train}: names like {names[0]!r} belong to no data set known here; describe them in a manifest")


def _any_image(root: Path) -> bool:
    with os.scandir(root) as entries:
        return any(is_image(entry.name) for entry in entries)
