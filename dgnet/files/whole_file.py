"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path, *, flushed: bool = True) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place when the block ends; after an error `path` is as it was.

    What was written is on the disk before it takes that place, so that a machine that loses its power does not leave
    an empty file either; not so where `flushed` is off, for what is soon made again, and made in great number.
    """
    partial = partial_of(path)
    try:
        yield partial
        if flushed:
            flush(partial)
        os.replace(partial, path)
        if flushed:
            flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def partial_of(path: Path) -> Path:
    """Where this process writes what will be `path`: hidden beside it, the suffix kept for writers that go by it."""
    return path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove what killed processes left half written in a folder and below: ours, and safetensors' `.tmpXXXXXX`."""
    found = [path for path in folder.rglob(".*") if ".partial" in path.suffixes or path.name.startswith(".tmp")]
    for path in found:
        path.unlink(missing_ok=True)
    return found


def flush(path: Path) -> None:
    """Have the system put a file or a folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
