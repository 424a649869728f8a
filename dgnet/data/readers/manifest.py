"""Reading a manifest: any data set, listed in a CSV or Parquet table with the columns path, pid, camid, split."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from dgnet.data.disk.listing import is_file
from dgnet.data.disk.numbers import read_number
from dgnet.data.disk.separators import below
from dgnet.data.disk.table import read_table, require_columns
from dgnet.data.readers.crops import NO_LABELS, UNLABELLED
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble

FILE_NAMES = ("manifest.csv", "manifest.parquet")
LABELS = ("pid", "split")
COLUMNS = ("path", "pid", "camid", "split")
SPLITS = ("train", "query", "gallery", "multi_query")
DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def read(root: Path) -> ReidDataset:
    """Read `root`: a `.csv` or `.parquet` file, or a folder with a `manifest.csv` or `manifest.parquet`.

    `path` is relative to the manifest's folder, or absolute, and must lie in this folder. `pid` is a whole number: -1
    is junk (left out of the gallery and counted), 0 a distractor. `split` is train, query, gallery or multi_query.
    `camid` is a whole number; where it is missing or empty, the camera is unknown, and same-camera matches cannot be
    left out of an evaluation. Other columns are ignored. With neither `pid` nor `split` it lists images without labels,
    which are training images of one pid. Raises DataError naming the row (the line of a CSV) and field.
    """
    path = find_manifest(root)
    columns, rows = read_table(path, ("path",), COLUMNS[1:])
    labelled = any(name in columns for name in LABELS)
    if labelled:
        require_columns(path, columns, LABELS, COLUMNS)
    base = os.path.abspath(path.parent)
    splits: dict[str, list[Record]] = {split: [] for split in SPLITS}
    for where, row in rows:
        split = str(row["split"] or "").strip().lower() if labelled else "train"
        if split not in splits:
            raise DataError(f"{where}: split is {row['split']!r}; expected one of {', '.join(SPLITS)}")
        pid = _whole(where, "pid", row["pid"]) if labelled else UNLABELLED
        camid = UNKNOWN_CAMERA if _is_missing(row.get("camid")) else _whole(where, "camid", row["camid"])
        splits[split].append(Record(_inside(where, path.parent, base, row["path"]), pid, camid))
    if not any(splits.values()):
        raise DataError(f"{path}: lists no image")
    notes = [] if labelled else [NO_LABELS]
    if "camid" not in columns:
        notes.append("no camid column: cameras are unknown and same-camera matches cannot be left out")
    return assemble("manifest", path.parent, splits, notes=notes, labelled=labelled)


def find_manifest(root: Path) -> Path:
    """`root` itself if it is a file, else the manifest in it. Raises DataError where there is none, or both kinds."""
    if is_file(root):
        if root.suffix.lower() not in (".csv", ".parquet"):
            raise DataError(f"{root}: a manifest ends in .csv or .parquet")
        return root
    present = [root / name for name in FILE_NAMES if is_file(root / name)]
    if len(present) != 1:
        found = "both of them" if present else "neither"
        raise DataError(f"{root}: expected one of {', '.join(FILE_NAMES)} here, found {found}")
    return present[0]


def _is_missing(value: object) -> bool:
    """Whether a field is empty: blank text in CSV, None or NaN in Parquet."""
    return (
        value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, float) and value != value)
    )


def _whole(where: str, field: str, value: object) -> int:
    """A field as a whole number, -1 or more: a float without a fraction, or text in plain digits. Raises DataError."""
    text = str(value).strip(" \t")
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        text = str(int(value))
    try:
        return read_number(text)
    except ValueError as error:
        raise DataError(f"{where}: {field} is {value!r}; {error}") from None


def _inside(where: str, folder: Path, base: str, value: object) -> str:
    """The path joined to the manifest's folder. Raises DataError where it lies outside."""
    if not isinstance(value, str) or not value.strip():
        raise DataError(
            f"{where}: path is {'empty' if _is_missing(value) else repr(value)}; expected the name of a file"
        )
    text = below(base, value.strip())
    if DRIVE.match(text) and os.sep == "/":
        raise DataError(
            f"{where}: the path {value!r} begins with a drive of Windows; write it relative to {folder}, such as "
            "images/0.jpg"
        )
    full = os.path.normpath(os.path.join(base, text))
    if not full.startswith(os.path.join(base, "")):
        raise DataError(f"{where}: the path {text!r} lies outside {folder}; move the images or the manifest")
    return os.path.join(folder, os.path.relpath(full, base))
