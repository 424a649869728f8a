"""The cache folder, which holds only what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root(setting: str = "") -> Path:
    """`setting` (data.cache) where it is given, else `$DGNET_CACHE`, else `~/.cache/dgnet`."""
    return Path(setting or os.environ.get("DGNET_CACHE") or Path.home() / ".cache" / "dgnet").expanduser()
