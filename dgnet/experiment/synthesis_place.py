"""Where a synthetic data set is written: checked before anything is drawn."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dgnet.files.cache import cache_root
from dgnet.files.names import readable
from dgnet.files.outputs import OutputError, check_output_folder
from dgnet.files.unfinished import new_folder
from dgnet.gallery.remote import is_url


def place_of(out: Path | str) -> tuple[Path, str]:
    """The folder that the files are made in, and the URL where they are put then; the latter is empty for a folder.

    A link to an empty folder stands for that folder. Raises OutputError where nothing can be made at `out`.
    """
    if isinstance(out, str) and is_url(out):
        folder = _place_of_upload(out)
        check_output_folder(folder, "--out")
        return folder, out
    folder = Path(out)
    if readable(str(folder)) != str(folder):
        raise OutputError(f"--out: {readable(str(folder))} is no UTF-8, which a Parquet file needs: name another")
    return new_folder(folder, "--out"), ""


def _place_of_upload(url: str) -> Path:
    """The folder in the cache where the files of a URL are made; it has the same name."""
    key, name = hashlib.sha256(url.encode()).hexdigest()[:16], url.rstrip("/").rpartition("/")[2]
    place = cache_root() / "uploads" / key / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
