"""Identities and cameras as whole numbers, written in plain digits or as -1; `int` would accept more than that."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dgnet.data.records import JUNK_PID, DataError, name_some

LARGEST = 2**53  # up to here a column of floats holds whole numbers exactly, and data sets can still be combined
PLAIN = re.compile(r"-1|[0-9]+")


def read_number(text: str) -> int:
    """The number that `text` writes in plain digits or as -1.

    Raises ValueError for other text (`1_2`, ` 12`, `+5`, `1.0`, `0x1`, digits of other scripts) and for numbers above
    2^53; its message says what was expected, and the caller puts what was found before it.
    """
    if _is_plain(text) and len(text) < len(str(LARGEST)):  # nearly all are
        return int(text)
    if PLAIN.fullmatch(text) is None:
        raise ValueError("expected a whole number in plain digits, or -1")
    if len(text.lstrip("0")) > len(str(LARGEST)) or int(text) > LARGEST:
        raise ValueError(f"a number must not be above {LARGEST} (2^53); number the identities or cameras anew")
    return int(text)


def number_identities(names: Iterable[str]) -> tuple[dict[str, int], bool]:
    """The pid of each identity's name, and whether each name is its own pid.

    `-1` is always junk, and `0` (or `000`) a distractor. If all other names are plain numbers too, these are their
    pids; if not, these others are numbered from 1 in sorted order. Raises DataError where two names write one number.
    """
    distinct = sorted(set(names))
    _refuse_one_number(distinct)
    fixed = {name: int(name) for name in distinct if name == str(JUNK_PID) or (_is_plain(name) and not name.strip("0"))}
    numbers, kept = number_names([name for name in distinct if name not in fixed])
    return fixed | numbers, kept


def number_cameras(names: Iterable[str]) -> tuple[dict[str, int], bool]:
    """The camid of each camera's name, and whether each name is its own camid; `01` and `1` are one camera."""
    return number_names(sorted(set(names)))


def number_names(names: list[str]) -> tuple[dict[str, int], bool]:
    """The number of each name, and whether these are the names' own numbers, as they are if all are plain numbers.

    Else, or where a number is too large, the names are numbered from 1 in their order.
    """
    try:
        if all(map(_is_plain, names)):
            return {name: read_number(name) for name in names}, True
    except ValueError:  # a number is too large
        pass
    return {name: number for number, name in enumerate(names, start=1)}, False


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _refuse_one_number(names: list[str]) -> None:
    written: dict[str, list[str]] = {}
    for name in filter(_is_plain, names):
        written.setdefault(name.lstrip("0"), []).append(name)
    doubled = [" and ".join(alike) for alike in written.values() if len(alike) > 1]
    if doubled:
        raise DataError(
            f"one number is written in two ways, as the names of two identities: {name_some(doubled)}. Write one "
            "person's number in one way, and give two people two numbers"
        )
