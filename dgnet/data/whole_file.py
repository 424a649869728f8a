"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place when the block ends; after an error `path` is as it was.

    What was written is on the disk before it takes that place, so that a machine that loses its power does not leave
    an empty file either. The path keeps the suffix, by which some writers choose a format, and has `.partial` before
    it, by which `leftovers` knows it when the process is killed.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        flush(partial)
        os.replace(partial, path)
        flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def leftovers(folder: Path) -> Iterator[Path]:
    """What killed processes left half written in a folder and below: ours, and safetensors' `.tmpXXXXXX`."""
    for path in folder.rglob(".*"):
        if ".partial" in path.suffixes or path.name.startswith(".tmp"):
            yield path


def flush(path: Path) -> None:
    """Have the system put a file or a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
