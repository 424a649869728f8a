"""Putting a finished folder into an object store, through fsspec: it counts as complete when its mark is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dgnet.files.outputs import OutputError

MARK = ".unfinished.json"  # is there, with the settings, until every file is


def check_upload(url: str, settings: Mapping[str, Any]) -> None:
    """Raise OutputError unless nothing is at the URL, or an unfinished upload of the same settings."""
    system, path = _opened(url)
    try:
        found = system.find(path) if system.exists(path) else []
        said = system.cat_file(f"{path}/{MARK}") if any(one.endswith(f"/{MARK}") for one in found) else None
    except Exception as error:  # each kind of store has its own
        raise OutputError(f"--out: {url} cannot be looked at: {error}") from error
    if found and said is None:
        raise OutputError(f"--out: {url} exists and is not empty: name a new place, or remove it first")
    if said is not None and json.loads(said) != json.loads(json.dumps(settings)):
        raise OutputError(f"--out: {url} holds an unfinished data set of other settings: remove it, or name another")


def upload(folder: Path, url: str, settings: Mapping[str, Any], leave_out: str) -> None:
    """Put every file below `folder` to the URL. Files that are there with the same length are left.

    Args:
        leave_out: the name of a folder in `folder` that stays here, as hidden files do.

    Raises:
        OutputError: a file cannot be written; the same call goes on where it was.
    """
    system, path = _opened(url)
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    below = [file.relative_to(folder).as_posix() for file in files]
    chosen = [(file, name) for file, name in zip(files, below, strict=True) if name.partition("/")[0] != leave_out]
    try:
        system.makedirs(path, exist_ok=True)
        system.pipe_file(f"{path}/{MARK}", json.dumps(settings).encode())
        there = {name: about["size"] for name, about in system.find(path, detail=True).items()}
        for file, name in tqdm(chosen, desc="uploading", unit="file", dynamic_ncols=True):
            target = f"{path}/{name}"
            if not name.startswith(".") and there.get(target) != file.stat().st_size:
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
                system.put_file(str(file), target)
        system.rm_file(f"{path}/{MARK}")
    except Exception as error:
        raise OutputError(f"--out: {url} cannot be written: {error}; the same command goes on from there") from error


def _opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it. Raises OutputError, also where a package for it is missing."""
    try:
        import fsspec

        system, path = fsspec.core.url_to_fs(url)
    except Exception as error:
        raise OutputError(f"--out: {url} cannot be opened: {error}") from error
    return system, path.rstrip("/")
