"""Paths that another system wrote into a list."""

from __future__ import annotations

import os


def below(folder: str, path: str) -> str:
    """`path` with `/` between its parts where it was written with `\\` and no file in `folder` is called so."""
    if "\\" in path and not os.path.lexists(os.path.join(folder, path)):
        return path.replace("\\", "/")
    return path
