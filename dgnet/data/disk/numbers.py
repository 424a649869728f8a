"""Identities and cameras as whole numbers: plain digits, or -1; nothing else that Python's `int` would take."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dgnet.data.records import JUNK_PID, DataError, name_some

LARGEST = 2**53  # whole numbers up to here survive a table's column of floats, and several data sets put together
PLAIN = re.compile(r"-1|[0-9]+")


def read_number(text: str) -> int:
    """The number that `text` writes in plain digits, or -1.

    Raises ValueError, whose message goes on after "found ...": `1_2`, ` 12`, `+5`, `1.0`, `0x1` and digits of other
    scripts are not plain; and nothing is above 2^53.
    """
    if _is_plain(text) and len(text) < len(str(LARGEST)):  # nearly all are
        return int(text)
    if PLAIN.fullmatch(text) is None:
        raise ValueError("expected a whole number in plain digits, or -1")
    if len(text.lstrip("0")) > len(str(LARGEST)) or int(text) > LARGEST:
        raise ValueError(f"a number must not be above {LARGEST} (2^53); number the identities or cameras anew")
    return int(text)


def number_identities(names: Iterable[str]) -> tuple[dict[str, int], bool]:
    """A pid for each identity's name, and whether the names are their numbers.

    `-1` is always junk, and `0`, however many zeros, the distractor. Where all others are plain numbers too, they keep
    them; else those others are numbered from 1 in sorted order. Raises DataError where two names are one number.
    """
    distinct = sorted(set(names))
    _refuse_one_number(distinct)
    fixed = {name: int(name) for name in distinct if name == str(JUNK_PID) or (_is_plain(name) and not name.strip("0"))}
    numbers, kept = number_names([name for name in distinct if name not in fixed])
    return fixed | numbers, kept


def number_cameras(names: Iterable[str]) -> tuple[dict[str, int], bool]:
    """A camid for each camera's name, its own number where all are numbers; `01` and `1` are one camera."""
    return number_names(sorted(set(names)))


def number_names(names: list[str]) -> tuple[dict[str, int], bool]:
    """The names' own numbers where all are plain and none is too large, else numbers from 1 in their order."""
    try:
        if all(map(_is_plain, names)):
            return {name: read_number(name) for name in names}, True
    except ValueError:  # beyond what a number may be
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
