"""Reading the rows of a table in CSV or Parquet, each with the place where it stands, for messages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dgnet.data.records import DataError

Row = Mapping[str, object]
DELIMITERS = (",", ";", "\t")  # the first is standard; in some countries spreadsheets write the others


def read_table(
    path: Path, required: Sequence[str], optional: Sequence[str]
) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    """The names of the columns, in lower case, and the rows, each with its place (`FILE, line 3`).

    A file whose name ends in `.parquet` is read as Parquet, any other as CSV. Raises DataError for a file that cannot
    be read, for a `required` column that is missing, and for a known column that is there twice.
    """
    known = [*required, *optional]
    columns, rows = _read_parquet(path, known) if path.suffix.lower() == ".parquet" else _read_csv(path)
    require_columns(path, columns, required, known)
    doubled = [name for name in known if columns.count(name) > 1]
    if doubled:
        raise DataError(f"{path}: the column {doubled[0]} is there twice; keep one of them")
    return columns, rows


def require_columns(path: Path, columns: Sequence[str], required: Sequence[str], known: Sequence[str]) -> None:
    """Raise DataError if one of `required` is not among `columns`; the message tells all that are `known`."""
    missing = [name for name in required if name not in columns]
    if missing:
        raise DataError(
            f"{path}: missing the columns {', '.join(missing)}; found {', '.join(columns) or 'none'}. "
            f"The first line names them: {','.join(known)}"
        )


def _read_csv(path: Path) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets put a byte-order mark in front
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text (byte {error.start} is {error.object[error.start]:#04x}); save it as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(f"{path}, line {line}: holds a NUL byte, which no name has; save it as plain text")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)  # the most frequent one; the first of those that are equally so
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True, delimiter=delimiter)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise DataError(f"{path}, line 1: {_said(error)}") from None

    def rows() -> Iterator[tuple[str, Row]]:
        begin = reader.line_num + 1
        try:
            for fields in reader:
                begin = reader.line_num + 1  # where the next row begins: with an open quote it may never end
                if not fields:
                    continue
                where = f"{path}, line {reader.line_num}"
                if len(fields) != len(columns):
                    raise DataError(f"{where}: expected {len(columns)} fields, as in the first line")
                yield where, dict(zip(columns, fields, strict=True))
        except csv.Error as error:
            raise DataError(f"{path}, line {begin}: {_said(error)}") from None

    return columns, rows()


def _said(error: csv.Error) -> str:
    ends = "; a quote that is opened in this row is never closed" if "unexpected end" in str(error) else ""
    return f"{error}{ends}"


def _read_parquet(path: Path, known: Sequence[str]) -> tuple[list[str], Iterator[tuple[str, Row]]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{path}: reading Parquet needs pyarrow: pip install 'dgnet[parquet]', or save CSV") from None
    try:
        names = parquet.read_schema(path).names
        table = parquet.read_table(path, columns=[name for name in names if name.lower() in known])
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from None
    rows = (
        (f"{path}, row {number}", {name.lower(): value for name, value in row.items()})
        for number, row in enumerate(table.to_pylist(), start=1)
    )
    return [name.lower() for name in names], rows
