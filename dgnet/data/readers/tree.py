"""Listing image files and reading the Market-1501 family of folder trees."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from dgnet.data.records import JUNK_PID, DataError, Record, ReidDataset, assemble, name_some

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".gif"})
TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"

# 0002_c1s1_000451_03.jpg (Market-1501), 0005_c2_f0046985.jpg (DukeMTMC-reID), 0003_c1_1.png (CUHK03-NP)
FILE_NAME = re.compile(r"(-1|\d+)_c(\d+)(?:s\d+)?_")


def is_image(name: str) -> bool:
    """Whether a file name is an image's: known suffix, and not hidden (`._x.jpg` is litter of another system)."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith(".")


def image_names(folder: Path) -> list[str]:
    """Names of the image files of a folder, sorted; anything else there (Thumbs.db, notes) is no image."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if is_image(entry.name) and entry.is_file())
    except FileNotFoundError:
        raise DataError(f"{folder}: this folder is missing; check the path, or unpack the data set again") from None
    except NotADirectoryError:
        raise DataError(f"{folder}: this is a file, where a folder of images was expected") from None
    except PermissionError:
        raise DataError(f"{folder}: this folder may not be read; give yourself permission to list it") from None


def find_root(root: Path, folders: Iterable[str]) -> Path:
    """The folder that holds all of `folders`: root itself, or its only child that does (as archives unpack).

    Raises DataError naming what is missing.
    """
    wanted = tuple(folders)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give the folder that holds {name_some(wanted)}")
    if all((root / folder).is_dir() for folder in wanted):
        return root
    children = [c for c in sorted(root.iterdir()) if c.is_dir() and all((c / folder).is_dir() for folder in wanted)]
    if len(children) == 1:
        return children[0]
    if children:
        raise DataError(f"{root}: several data sets lie here ({name_some(c.name for c in children)}): give one of them")
    missing = [folder for folder in wanted if not (root / folder).is_dir()]
    raise DataError(f"{root}: missing {name_some(missing)}; this layout needs the folders {name_some(wanted)}")


def parse_folder(folder: Path, pattern: re.Pattern[str] = FILE_NAME) -> list[Record]:
    """Records of a folder whose file names begin with `pattern`: group 1 the pid, group 2 the camera (both integers).

    Raises DataError naming every kind of name that does not parse (never skips one), or an empty folder.
    """
    names = image_names(folder)
    if not names:
        raise DataError(f"{folder}: no image in this folder; unpack the data set again, or check the path")
    prefix = os.path.join(folder, "")
    records, unparsable = [], []
    for name in names:
        match = pattern.match(name)
        if match is None:
            unparsable.append(name)
        else:
            records.append(Record(prefix + name, int(match[1]), int(match[2])))
    if unparsable:
        raise DataError(
            f"{folder}: {len(unparsable)} of {len(names)} file names carry no identity and camera "
            f"(expected names like 0002_c1s1_000451_03.jpg): {name_some(unparsable)}. Rename or remove them, or "
            "describe your files in a manifest"
        )
    return records


def read_tree(name: str, root: Path, *, notes: Iterable[str] = ()) -> ReidDataset:
    """Read `bounding_box_train`, `query`, `bounding_box_test` and, where it exists, `gt_bbox`.

    Junk images (pid -1) are left out of the gallery and counted; distractors (pid 0) stay. `multi_query` is made of
    the `gt_bbox` images with the pid and camera of some query.
    """
    root = find_root(root, (TRAIN, QUERY, GALLERY))
    train, query, everything = (parse_folder(root / folder) for folder in (TRAIN, QUERY, GALLERY))
    for folder, records in ((TRAIN, train), (QUERY, query)):
        junk = [os.path.basename(r.path) for r in records if r.pid == JUNK_PID]
        if junk:
            raise DataError(f"{root / folder}: junk images (identity -1) belong in {GALLERY} alone: {name_some(junk)}")
    gallery = [r for r in everything if r.pid != JUNK_PID]
    multi_query = []
    if (root / "gt_bbox").is_dir():
        asked = {(r.pid, r.camid) for r in query}
        multi_query = [r for r in parse_folder(root / "gt_bbox") if (r.pid, r.camid) in asked]
    return assemble(
        name,
        root,
        {"train": train, "query": query, "gallery": gallery, "multi_query": multi_query},
        num_junk=len(everything) - len(gallery),
        notes=notes,
    )
