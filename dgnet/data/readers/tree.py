"""Reading a tree: the folders and file names of Market-1501, which other data sets use too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from dgnet.data.disk.listing import Contents, direct_folders, is_folder, list_tree, refuse_non_folders
from dgnet.data.disk.numbers import read_number
from dgnet.data.records import DataError, Record, ReidDataset, assemble, name_some

TRAIN, QUERY, GALLERY, MULTI_QUERY = "bounding_box_train", "query", "bounding_box_test", "gt_bbox"

# 0002_c1s1_000451_03.jpg (Market-1501), 0005_c2_f0046985.jpg (DukeMTMC-reID), 0003_c1_1.png (CUHK03-NP)
FILE_NAME = re.compile(r"(-1|[0-9]+)_c([0-9]+)(?:s[0-9]+)?_")


def find_root(root: Path, folders: Iterable[str]) -> Path:
    """The folder that holds all of `folders`: root itself, or its only child that does (archives often unpack so).

    Raises DataError naming what is missing.
    """
    wanted = tuple(folders)
    if not is_folder(root):
        raise DataError(f"{root}: no such folder; give the folder that holds {name_some(wanted)}")
    if all(is_folder(root / folder) for folder in wanted):
        return root
    children = [child for child in direct_folders(root) if all(is_folder(child / folder) for folder in wanted)]
    if len(children) == 1:
        return children[0]
    if children:
        raise DataError(f"{root}: several data sets lie here ({name_some(c.name for c in children)}): give one of them")
    missing = [folder for folder in wanted if not is_folder(root / folder)]
    raise DataError(f"{root}: missing {name_some(missing)}; this layout needs the folders {name_some(wanted)}")


def find_tree(root: Path) -> Path:
    """The folder of a tree: root itself, or its only child that is one.

    The training folder may be missing, in a data set to evaluate on; or query and gallery may be, in a data set that is
    trained on beside another. Raises DataError naming anything else that is missing.
    """
    if not is_folder(root):
        raise DataError(f"{root}: no such folder; give the folder that holds {TRAIN}, {QUERY}, {GALLERY}")
    places = [root] if _is_tree(root) else [child for child in direct_folders(root) if _is_tree(child)]
    if len(places) > 1:
        raise DataError(f"{root}: several data sets lie here ({name_some(p.name for p in places)}): give one of them")
    place = places[0] if places else root
    refuse_non_folders(place, (TRAIN, QUERY, GALLERY, MULTI_QUERY))
    missing = [folder for folder in (TRAIN, QUERY, GALLERY) if not is_folder(place / folder)]
    if missing in ([], [TRAIN], [QUERY, GALLERY]):
        return place
    raise DataError(
        f"{place}: missing {name_some(missing)}; training needs {TRAIN}, {QUERY} and {GALLERY}, evaluating the last two"
    )


def _is_tree(root: Path) -> bool:
    return is_folder(root / TRAIN) or is_folder(root / GALLERY)


def parse_folder(contents: Contents) -> list[Record]:
    """The records of a folder's images, their pid and camera taken from the file names (FILE_NAME's groups 1 and 2).

    Raises DataError naming the names that do not parse (none is skipped), or an empty folder.
    """
    folder = contents.folder
    names = list(contents.keep(0, f"in a folder below {folder.name}/; move them up"))
    if not names:
        raise DataError(f"{folder}: no image in this folder; {contents.explain()}")
    prefix = os.path.join(folder, "")
    records, unparsable = [], []
    for name in names:
        match = FILE_NAME.match(name)
        if match is None:
            unparsable.append(name)
            continue
        try:
            records.append(Record(prefix + name, read_number(match[1]), read_number(match[2])))
        except ValueError as error:
            raise DataError(f"{prefix}{name}: {error}") from None
    if unparsable:
        raise DataError(
            f"{folder}: {len(unparsable)} of {len(names)} file names carry no identity and camera "
            f"(expected names like 0002_c1s1_000451_03.jpg): {name_some(unparsable)}. Rename or remove them, or "
            "describe your files in a manifest"
        )
    return records


def read_tree(name: str, root: Path, *, notes: Iterable[str] = ()) -> ReidDataset:
    """Read `bounding_box_train`, `query`, `bounding_box_test` and, where it exists, `gt_bbox`.

    The training folder may be missing, or query and gallery, as in `find_tree`. Junk images (pid -1) are left out of
    the gallery and counted; distractors (pid 0) stay. `multi_query` has the `gt_bbox` images with the pid and camera of
    some query.
    """
    root = find_tree(root)
    present = [folder for folder in (TRAIN, QUERY, GALLERY, MULTI_QUERY) if is_folder(root / folder)]
    looked = {folder: list_tree(root / folder) for folder in present}
    records = {folder: parse_folder(contents) for folder, contents in looked.items()}
    query = records.get(QUERY, [])
    asked = {(r.pid, r.camid) for r in query}
    return assemble(
        name,
        root,
        {
            "train": records.get(TRAIN, []),
            "query": query,
            "gallery": records.get(GALLERY, []),
            "multi_query": [r for r in records.get(MULTI_QUERY, []) if (r.pid, r.camid) in asked],
        },
        notes=notes,
        unread=[found for contents in looked.values() for found in contents.unread],
        unreadable=[found for contents in looked.values() for found in contents.unreadable],
    )
