"""Editions by name."""

from __future__ import annotations

import difflib

from dgnet.mannequin.editions.cameras.edition import SixCameras
from dgnet.mannequin.editions.edition import Edition, EditionError
from dgnet.mannequin.editions.wild.edition import Wild

EDITIONS: dict[str, Edition] = {"cameras": SixCameras(), "wild": Wild()}


def edition_named(name: str) -> Edition:
    """The edition called `name`. Raises EditionError naming the one that was meant."""
    if name in EDITIONS:
        return EDITIONS[name]
    close = difflib.get_close_matches(name, EDITIONS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise EditionError(f"edition: found {name!r}, must be {' or '.join(map(repr, EDITIONS))}{hint}")
