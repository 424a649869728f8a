"""Names as they can be shown, kept and compared: any bytes may be in those of files, and Unicode writes some twice."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable


def readable(text: str) -> str:
    """Text that can be kept and printed: bytes of a file's name that are no UTF-8 become `\\xNN`."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def one_form(text: str) -> str:
    """Text in the one form that names are compared in: é may be one character, or e and an accent, as macOS had it."""
    return unicodedata.normalize("NFC", text)


def name_kept(text: str) -> str:
    """The name of a person, a camera or a track as galleries keep it."""
    return one_form(readable(text))


def names_kept(texts: Iterable[str] | None) -> tuple[str, ...] | None:
    """Names to look for: as galleries keep them, and as given, since they once kept either; None where none are."""
    if texts is None:
        return None
    return tuple(dict.fromkeys(name for text in texts for name in (name_kept(text), readable(text))))


def printable(text: str) -> str:
    """Text on one line that a terminal only shows: characters that are not printable are escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
