"""Downloading a published file once: the file is kept only if it is complete and has the published digest."""

from __future__ import annotations

import hashlib
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from tqdm import tqdm

from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole

_CHUNK = 1 << 20
_TIMEOUT = 30  # seconds without an answer


class DownloadError(DgnetError, RuntimeError):
    """A file that cannot be downloaded, or is not the published one; the message says how else to get it."""


def download(url: str, target: Path, sha256: str) -> Path:
    """`target`, downloaded from `url` unless it is there already.

    Args:
        sha256: the first digits of the file's SHA-256, in hex. An existing file with another digest is downloaded anew.

    Raises:
        DownloadError: `url` cannot be reached, the download breaks off, or its digest differs. `target` is then
            unchanged.
    """
    if target.is_file() and sha256_of(target).startswith(sha256):
        return target
    advice = f"fetch it another way and give its path, or put it at {target}"
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
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
