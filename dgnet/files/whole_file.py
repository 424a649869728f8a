"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path, *, flushed: bool = True) -> Iterator[Path]:
    """Give a path beside `path` to write to; at the end of the block this file replaces `path`, unless it failed.

    The folder is made where it is not there. An OSError of writing names `path`.

    With `flushed`, the new file is on the disk before it replaces `path`, so that even a power cut leaves the old file
    or the whole new one. Turn it off for many files that are soon made again.
    """
    partial = partial_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        if flushed:
            flush(partial)
        os.replace(partial, path)
        if flushed:
            flush(path.parent)
    except OSError as error:
        # A full disk names no file, and the partial one is nobody's business. Errors of a network have other classes.
        nameless = error.filename is None and error.errno is not None and type(error) is OSError
        if nameless or error.filename == str(partial):
            error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):  # a name that is too long, or a folder that could not be made
            partial.unlink()


def write_text_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all; bytes of a file name that are no UTF-8 stand in it as `\\udcXX`."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def partial_of(path: Path) -> Path:
    """The hidden path beside `path` where this process first writes it; the suffix stays, since some writers use it."""
    return path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove half-written files of killed processes in a folder and below: ours, and safetensors' `.tmpXXXXXX`."""
    found = [path for path in folder.rglob(".*") if ".partial" in path.suffixes or path.name.startswith(".tmp")]
    for path in found:
        path.unlink(missing_ok=True)
    return found


def flush(path: Path) -> None:
    """Wait until the system has written a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
