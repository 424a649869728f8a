"""Checks of a command's outputs before it starts: none may replace another output or one of the inputs."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, count
from pathlib import Path

from dgnet.errors import DgnetError

_LONGEST = 255  # bytes of a name that file systems take
_ADDED = len("..1234567.partial")  # bytes that a name has more while it is written


class OutputError(DgnetError, ValueError):
    """An output that cannot be written, or must not be; the message names the option, the path and what to do."""


def check_output_file(
    path: Path, option: str, *, suffixes: Sequence[str] = (), inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Raise OutputError if no file can be written at `path`; nothing is made or changed.

    Args:
        option: the option that `path` was given by, such as `--out`.
        suffixes: the allowed ones, in lower case with their dots; none means that any is allowed.
        inputs: files that the output is made from, none of which it may replace.
    """
    _check_names(path, option)
    if path.is_dir():
        raise OutputError(f"{option}: {path} is a folder, must be a file; add a file name, as {path / 'NAME'}")
    if path.exists() and not path.is_file():
        raise OutputError(f"{option}: {path} is neither a file nor a folder, must be a new file")
    if suffixes and path.suffix.lower() not in suffixes:
        found = f"the suffix {path.suffix}" if path.suffix else "no suffix"
        raise OutputError(f"{option}: {path} has {found}, must end in {' or '.join(suffixes)}")
    _check_parent(path.parent, path, option)
    for given in inputs:
        if path.exists() and os.path.exists(given) and os.path.samefile(path, given):
            raise OutputError(f"{option}: {path} is one of the inputs, which is never overwritten; name another file")


def check_output_folder(path: Path, option: str) -> None:
    """Raise OutputError if no folder can be made at `path`, or the one there cannot be written to; nothing is made."""
    _check_names(path, option)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{option}: {path} is a file, must be a folder; name another")
    _check_parent(path, path, option)


def check_outside(path: Path, option: str, folder: str, named: str) -> None:
    """Raise OutputError if `path` is `folder`, or lies in it, since its pictures would be taken for inputs.

    Args:
        option: the option that `path` was given by.
        folder: an input, of whatever kind; only a folder is looked at.
        named: what messages call the input.
    """
    if os.path.isdir(folder) and Path(folder).resolve() in (path.resolve(), *path.resolve().parents):
        raise OutputError(
            f"{option}: {path} lies in {named} ({folder}), whose pictures are the input; name a folder elsewhere"
        )


def free_path(path: Path) -> Path:
    """`path` if nothing is there yet, else the first free one of NAME-2.png, NAME-3.png and so on."""
    others = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(one for one in chain([path], others) if not os.path.lexists(one))


def same_names(names: Iterable[str]) -> list[str]:
    """The file names that a file system could take for an earlier one, since it may ignore upper and lower case."""
    seen: set[str] = set()
    doubled = []
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            doubled.append(name)
        seen.add(key)
    return doubled


def _check_names(path: Path, option: str) -> None:
    """Raise OutputError where a file system would not take a name in `path`, or the longer one while it is written."""
    for name, most in ((path.name, _LONGEST - _ADDED), *((name, _LONGEST) for name in path.parts[:-1])):
        if (found := len(os.fsencode(name))) > most:
            raise OutputError(f"{option}: {path} has a name of {found} bytes, must be at most {most}; shorten it")


def _check_parent(folder: Path, path: Path, option: str) -> None:
    """Raise OutputError unless the nearest existing one of `folder` and its parents is a folder that can be written."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(one))
    if not there.is_dir():
        raise OutputError(f"{option}: {path} cannot be made: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{option}: {path} cannot be made: {there} may not be written to; name another place")
