"""A manifest: any data set as a table `path,pid,camid,split`, in CSV or Parquet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dgnet.data.records import JUNK_PID, UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble

FILE_NAMES = ("manifest.csv", "manifest.parquet")
REQUIRED = ("path", "pid", "split")
SPLITS = ("train", "query", "gallery", "multi_query")

Row = Mapping[str, object]


def read(root: Path) -> ReidDataset:
    """Read `root`, a `.csv` or `.parquet` file, or the folder of a `manifest.csv` or `manifest.parquet`.

    `path` is relative to the manifest's folder (or absolute) and may not leave it; `pid` is a whole number: -1 junk
    (left out and counted), 0 a distractor; `split` is train, query, gallery or multi_query; `camid`, a whole number,
    may be missing or empty: the camera is then unknown, and same-camera matches cannot be left out of an evaluation.
    Other columns are ignored. Raises DataError naming the row (the line of a CSV) and the field.
    """
    path = find_manifest(root)
    has_cameras, rows = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    base = os.path.abspath(path.parent)
    splits: dict[str, list[Record]] = {split: [] for split in SPLITS}
    num_junk = 0
    for where, row in rows:
        split = str(row["split"] or "").strip()
        if split not in splits:
            raise DataError(f"{where}: split is {split!r}; expected one of {', '.join(SPLITS)}")
        pid = _whole(where, "pid", row["pid"])
        camid = UNKNOWN_CAMERA if row.get("camid") in (None, "") else _whole(where, "camid", row["camid"])
        if pid < JUNK_PID or camid < UNKNOWN_CAMERA:
            raise DataError(f"{where}: pid {pid}, camid {camid}: only -1 (junk, unknown) may be below 0")
        record = Record(_inside(where, path.parent, base, row["path"]), pid, camid)
        if pid == JUNK_PID:
            num_junk += 1
        else:
            splits[split].append(record)
    notes = [] if has_cameras else ["no camid column: cameras are unknown and same-camera matches cannot be left out"]
    return assemble("manifest", path.parent, splits, num_junk=num_junk, notes=notes)


def find_manifest(root: Path) -> Path:
    """`root` itself where it is a file, else the manifest in it. Raises DataError where there is none."""
    if root.is_file():
        if root.suffix.lower() not in (".csv", ".parquet"):
            raise DataError(f"{root}: a manifest ends in .csv or .parquet")
        return root
    present = [root / name for name in FILE_NAMES if (root / name).is_file()]
    if len(present) != 1:
        found = "both of them" if present else "neither"
        raise DataError(f"{root}: expected one of {', '.join(FILE_NAMES)} here, found {found}")
    return present[0]


def _read_csv(path: Path) -> tuple[bool, Iterator[tuple[str, Row]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets put a byte-order mark in front
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text (byte {error.start} is {error.object[error.start]:#04x}); save it as UTF-8"
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        columns = _check_columns(path, [name.strip() for name in reader.fieldnames or ()])
    except csv.Error as error:
        raise DataError(f"{path}, line 1: {error}") from None
    reader.fieldnames = columns

    def rows() -> Iterator[tuple[str, Row]]:
        try:
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise DataError(f"{where}: expected {len(columns)} fields, as in the first line")
                yield where, row
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num + 1}: {error}") from None

    return "camid" in columns, rows()


def _read_parquet(path: Path) -> tuple[bool, Iterator[tuple[str, Row]]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{path}: reading Parquet needs pyarrow: pip install 'dgnet[parquet]', or save CSV") from None
    try:
        columns = _check_columns(path, parquet.read_schema(path).names)
        table = parquet.read_table(path, columns=[name for name in (*REQUIRED, "camid") if name in columns])
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from None
    rows = ((f"{path}, row {number}", row) for number, row in enumerate(table.to_pylist(), start=1))
    return "camid" in columns, rows


def _check_columns(path: Path, columns: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise DataError(
            f"{path}: missing the columns {', '.join(missing)}; found {', '.join(columns) or 'none'}. "
            "The first line names them: path,pid,camid,split"
        )
    return columns


def _whole(where: str, field: str, value: object) -> int:
    try:
        return int(str(value).strip())
    except ValueError:
        raise DataError(f"{where}: {field} is {value!r}; expected a whole number") from None


def _inside(where: str, folder: Path, base: str, value: object) -> str:
    """The path joined to the manifest's folder; refused where it leaves it."""
    text = str(value or "").strip()
    if not text:
        raise DataError(f"{where}: path is empty")
    full = os.path.normpath(os.path.join(base, text))
    if not full.startswith(os.path.join(base, "")):
        raise DataError(f"{where}: the path {text!r} lies outside {folder}; move the images or the manifest")
    return os.path.join(folder, os.path.relpath(full, base))
