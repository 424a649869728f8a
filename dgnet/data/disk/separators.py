"""Paths in lists that were written on another operating system."""

from __future__ import annotations

import os


def below(folder: str, path: str) -> str:
    """`path` with `/` in place of each `\\`, unless a file in `folder` has this very name with the `\\`."""
    if "\\" in path and not os.path.lexists(os.path.join(folder, path)):
        return path.replace("\\", "/")
    return path
