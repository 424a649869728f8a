"""Images in object stores and elsewhere, named by URLs such as `s3://bucket/crops/1.jpg`, read through fsspec."""

from __future__ import annotations

import re
from collections.abc import Callable

from dgnet.data.disk.listing import is_image, why_not_read
from dgnet.data.records import DataError


def is_url(name: object) -> bool:
    """Whether it is text that begins as `s3://`, `gs://`, `https://` or `file://` do."""
    return isinstance(name, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) is not None


def read_url(url: str) -> bytes:
    """The bytes at a URL. Raises DataError, without the URL."""
    import fsspec

    try:
        with fsspec.open(url, "rb") as file:
            data: bytes = file.read()
    except FileNotFoundError:
        raise DataError("no such file") from None
    except Exception as error:  # each kind of store has its own
        raise DataError(f"cannot be read: {_line(error)}") from error
    return data


def pictures_at(url: str, on_bad: Callable[[str, str], None] | None = None) -> list[str]:
    """The URL itself where it is a picture's; else those of the pictures below it, at any depth, in order.

    Args:
        on_bad: told the URL of what looks like a picture and is not read, and the reason.

    Raises:
        DataError: there is nothing, or the package that reads such URLs is not installed.
    """
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
        if system.isfile(path):
            return [url]
        below = {system.unstrip_protocol(one): one.rpartition("/")[2] for one in sorted(system.find(path))}
    except Exception as error:
        raise DataError(f"{url}: cannot be listed: {_line(error)}") from error
    found = [one for one, name in below.items() if is_image(name)]
    if not found:
        raise DataError(f"{url}: there is no picture at or below it")
    for one, name in below.items() if on_bad else ():
        if not is_image(name) and not name.startswith(".") and (reason := why_not_read(name)):
            on_bad(one, reason)  # type: ignore[misc]
    return found


def _line(error: Exception) -> str:
    """What was said, in one line; the class where nothing was."""
    return re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
