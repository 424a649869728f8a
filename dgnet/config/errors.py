"""Errors about settings that cannot work."""

from __future__ import annotations

import difflib

from dgnet.errors import DgnetError


class ConfigError(DgnetError, ValueError):
    """A field of the configuration holds something that cannot work; the message names the field."""


class SettingError(ConfigError):
    """One setting is wrong: its dotted name, what was found there, and what it must be."""

    def __init__(self, name: str, found: object, wanted: str) -> None:
        super().__init__(f"{name}: found {found!r}, must be {wanted}")
        self.name, self.found, self.wanted = name, found, wanted


def require(condition: bool, field_name: str, found: object, wanted: str) -> None:
    """Raise SettingError unless the condition holds; `wanted` completes the message after "must be"."""
    if not condition:
        raise SettingError(field_name, found, wanted)


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` with the most similar known name, or the list of known names where none is similar."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(known)}"
