"""Times as users write them: plain seconds, or dates and times."""

from __future__ import annotations

import math
import re
from datetime import datetime

from dgnet.data.records import DataError

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")  # float() takes 2026_11_28 too
_DATES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # by the number of digits
_YEARS = range(1900, 2100)  # of what is taken for a date


def seconds(text: str, where: str) -> float:
    """A time: plain seconds, or a date (and time), which become seconds since 1970; without a zone, the machine's.

    Digits alone that read as a date, such as 20261128, may mean either, so they are refused.

    Raises DataError naming `where`.
    """
    text = text.strip()
    if date := _without_dashes(text):
        raise DataError(
            f"{where}: found {text!r}, which may be seconds or a date; write {date:%Y-%m-%dT%H:%M:%S} for the date, or "
            f"{text}.0 for seconds"
        )
    found = float(text) if _NUMBER.fullmatch(text) else _since_1970(text)
    if not math.isfinite(found):
        raise DataError(f"{where}: found {text!r}, must be seconds or a date and time, such as 2026-11-28T08:00:00")
    return found


def _since_1970(text: str) -> float:
    """The seconds of a date and time; NaN where it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan


def _without_dashes(text: str) -> datetime | None:
    """The date that digits alone may stand for."""
    if len(text) not in _DATES or not re.fullmatch("[0-9]+", text):
        return None
    try:
        found = datetime.strptime(text, _DATES[len(text)])
    except ValueError:
        return None
    return found if found.year in _YEARS else None
