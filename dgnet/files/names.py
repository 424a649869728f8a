"""Names of files as they can be shown: any bytes may be in them."""

from __future__ import annotations

import os
from collections.abc import Iterable


def readable(text: str) -> str:
    """Text that can be kept and printed: bytes of a file's name that are no UTF-8 become `\\xNN`."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def all_readable(texts: Iterable[str] | None) -> tuple[str, ...] | None:
    """Several texts, as galleries keep them; None where none were given."""
    return None if texts is None else tuple(map(readable, texts))


def printable(text: str) -> str:
    """Text on one line that a terminal only shows: characters that are not printable are escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
