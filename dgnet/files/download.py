"""Fetching a published file once: whole and as published, or not at all."""

from __future__ import annotations

import hashlib
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from tqdm import tqdm

from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole

_CHUNK = 1 << 20
_TIMEOUT = 30  # seconds of silence


class DownloadError(DgnetError, RuntimeError):
    """A file that cannot be fetched, or is not what was published; the message says how to get it otherwise."""


def download(url: str, target: Path, sha256: str) -> Path:
    """`target`, fetched from `url` unless it is there already.

    Args:
        sha256: how the file's digest begins, in hex. A file that is there with another one is fetched anew.

    Raises:
        DownloadError: there is no way to `url`, it breaks off, or what came is something else. `target` is then as
            it was.
    """
    if target.is_file() and sha256_of(target).startswith(sha256):
        return target
    advice = f"fetch it another way and give its path, or put it at {target}"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with written_whole(target) as partial:
            with urlopen(url, timeout=_TIMEOUT) as response, partial.open("wb") as file:
                size = int(response.headers.get("Content-Length") or 0) or None
                with tqdm(total=size, desc=target.name, unit="B", unit_scale=True, dynamic_ncols=True) as bar:
                    while chunk := response.read(_CHUNK):
                        file.write(chunk)
                        bar.update(len(chunk))
            found = sha256_of(partial)
            if not found.startswith(sha256):
                raise DownloadError(
                    f"{url}: what came is not the published file: its SHA-256 begins {found[: len(sha256)]}, must be "
                    f"{sha256} ({partial.stat().st_size} bytes{f' of {size}' if size else ''}); try again, or {advice}"
                )
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{url}: cannot be fetched: {error}; {advice}") from error
    return target


def sha256_of(path: Path) -> str:
    """The file's digest in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
