"""A folder that takes its name when it is complete; until then the same settings go on with it, and others may not."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dgnet.files.outputs import OutputError, check_output_folder
from dgnet.files.whole_file import remove_leftovers, written_whole

try:
    import fcntl
except ImportError:  # not on this system
    fcntl = None  # type: ignore[assignment]

SETTINGS, LOCK = ".settings.json", ".lock"
logger = logging.getLogger(__name__)


def new_folder(out: Path, option: str) -> Path:
    """The absolute path of `out`, a new or empty folder that `unfinished` can write; a link stands for where it leads.

    Raises OutputError, naming `option`, where no such folder can be made; nothing is made or changed.
    """
    check_output_folder(out, option)
    if os.path.ismount(out):  # the folder that is written beside it cannot take its place
        raise OutputError(f"{option}: {out} is a mount point: name a new folder in it, as {out / 'NAME'}")
    _require_empty(out, f"{option}: {out}")
    return out.resolve() if out.is_symlink() else out.absolute()  # `.` has no name of its own


def unfinished_path(out: Path) -> Path:
    """Where what will be `out` is written: hidden beside it."""
    return out.with_name(f".{out.name}.unfinished")


@contextlib.contextmanager
def unfinished(out: Path, settings: dict[str, Any]) -> Iterator[Path]:
    """The folder to write to, which becomes `out` when the block ends. After an error it is kept, if files are in it.

    Raises OutputError when such a folder is there with other settings, when another process is writing it, or when
    `out` is not empty.
    """
    folder = unfinished_path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK):
        _require_same(folder, settings)
        remove_leftovers(folder)
        try:
            _require_empty(out, str(out))  # another process may have just finished it
            yield folder
        except BaseException:
            remove_leftovers(folder)
            if any(path.is_file() and path.name not in (SETTINGS, LOCK) for path in folder.rglob("*")):
                logger.warning("%s keeps what is finished: the same command goes on from there", folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        folder.replace(out)
        (out / SETTINGS).unlink()
        (out / LOCK).unlink()


def _require_empty(folder: Path, called: str) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{called} exists and is not empty: name a new folder, or remove it first")


def _require_same(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / SETTINGS
    settings = json.loads(json.dumps(settings))
    if not path.is_file():
        if any(other.name != LOCK for other in folder.iterdir()):
            raise OutputError(f"{folder} was not left by an unfinished data set: remove it, or name another folder")
        with written_whole(path) as partial:
            partial.write_text(json.dumps(settings, indent=1), encoding="utf-8")
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OutputError(f"{path} is damaged ({error}): remove {folder} to start afresh") from error
    differing = [key for key in {**settings, **found} if found.get(key) != settings.get(key)]
    if differing:
        named = ", ".join(f"{key} {found.get(key)} there, {settings.get(key)} here" for key in differing)
        raise OutputError(
            f"{folder} holds an unfinished data set of other settings ({named}): ask for those to finish it, name "
            "another folder, or remove it"
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system drops when the process dies."""
    with path.open("ab") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputError(f"{path.parent} is being written by another process: wait for it") from None
        yield
