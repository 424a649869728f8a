"""Finding out which data set a folder holds, and reading a data set by its name."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from dgnet.data.disk.listing import direct_folders, holds_image, is_file, is_folder
from dgnet.data.disk.split_folders import holds_splits
from dgnet.data.hold_out import NUM_TEST_IDS
from dgnet.data.readers import crops, cuhk03np, dukemtmc, folder, manifest, mannequin, market1501, msmt17
from dgnet.data.readers.file_names import recognise
from dgnet.data.readers.tree import GALLERY, QUERY, TRAIN
from dgnet.data.records import DataError, ReidDataset, name_some

NAMES = ("market1501", "dukemtmc", "msmt17", "cuhk03np", "mannequin", "manifest", "folder", "crops")
NUM_NAMED_UNREADABLE = 100
DEPTH = 3  # how many levels of folders below `root` are searched for an image


def read_dataset(
    name: str,
    root: Path,
    *,
    pattern: str | None = None,
    num_test_ids: int = NUM_TEST_IDS,
    trained_on: Collection[str] = (),
) -> ReidDataset:
    """Read the data set `name` (one of NAMES, or `auto`: see `detect`) from `root`.

    `pattern` is for the readers `folder` and `crops`, `num_test_ids` and `trained_on` for `folder`. `crops` is never
    recognised, since any folder of images would do. Raises DataError, also where something in the
    data set's folders cannot be read.
    """
    dataset = look_at_dataset(name, root, pattern=pattern, num_test_ids=num_test_ids, trained_on=trained_on)
    if dataset.unreadable:
        named = name_some((f"{path} ({reason})" for path, reason in dataset.unreadable), NUM_NAMED_UNREADABLE)
        raise DataError(
            f"{dataset.root}: {len(dataset.unreadable)} things cannot be read; mend or remove them: {named}"
        )
    return dataset


def look_at_dataset(
    name: str,
    root: Path,
    *,
    pattern: str | None = None,
    num_test_ids: int = NUM_TEST_IDS,
    trained_on: Collection[str] = (),
) -> ReidDataset:
    """As `read_dataset`, but what cannot be read is listed in the result's `unreadable`. Raises DataError."""
    if name == "auto":
        name, root = _locate(root, pattern)
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
            return folder.read(root, pattern=pattern, num_test_ids=num_test_ids, trained_on=trained_on)
        case "crops":
            return crops.read(root, pattern=pattern)
    nearest = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise DataError(f"no data set is called {name!r}.{hint} Known: auto, {', '.join(NAMES)}")


def detect(root: Path) -> str:
    """The name of the data set in `root` (or in its only child that holds one), by its folders, lists and file names.

    Raises DataError where no data set fits, or several do.
    """
    return _locate(root, None)[0]


def _locate(root: Path, pattern: str | None) -> tuple[str, Path]:
    """The data set's name, and the folder that holds it: `root` or a child. With a pattern any file names are read."""
    if is_file(root):
        manifest.find_manifest(root)
        return "manifest", root
    if not is_folder(root):
        raise DataError(f"{root}: no such folder; give the folder a data set was unpacked to")
    own = _layout(root, pattern)
    if own is not None:
        return own, root
    found = [(name, place) for place in direct_folders(root) if (name := _layout(place, pattern)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"{place.name} ({layout})" for layout, place in found)
        raise DataError(f"{root}: several data sets lie here: {listed}; give one of them")
    if holds_image(root, DEPTH) or any(is_folder(root / split) for split in ("train", "query")):
        return "folder", root
    raise DataError(
        f"{root}: no data set is recognised here. Expected {TRAIN}/ (Market-1501 and its kin), list_train.txt "
        "(MSMT17), detected/ or labeled/ (CUHK03-NP), manifest.csv, or one folder per identity"
    )


def _layout(root: Path, pattern: str | None) -> str | None:
    if any(is_file(root / name) for name in manifest.FILE_NAMES):
        return "manifest"
    if msmt17.holds_lists(root):
        return "msmt17"
    if any(is_folder(root / boxes / part) for boxes in ("detected", "labeled") for part in (TRAIN, GALLERY)):
        return "cuhk03np"
    present = [root / part for part in (TRAIN, GALLERY, QUERY) if is_folder(root / part)]
    if present and present[0].name != QUERY:
        return "mannequin" if (root / "swap_targets.csv").is_file() else recognise(present[0], pattern is not None)
    return "folder" if holds_splits(root) else None
