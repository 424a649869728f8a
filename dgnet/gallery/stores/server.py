"""What the stores on servers share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dgnet.gallery.stores.protocol import GalleryError, Store

CONNECT_SECONDS = 5  # after which a server that does not answer counts as away


def without_password(address: str) -> str:
    """The address, as it may be printed."""
    shown = re.sub(r"(://[^:/@?]*):[^/?]*@", r"\1@", address)
    return re.sub(r"([?&]password=)[^&]*", r"\1...", shown)


def check_all(store: Store, batch_size: int) -> list[str]:
    """Read everything, and say where the server counts entries that it does not give."""
    try:
        ids = [entry.id for entries, _ in store.read(batch_size=batch_size) for entry in entries]
        counted = store.count()
    except GalleryError as error:
        return [str(error)]
    faults = [f"{len(ids) - len(set(ids))} entries are there twice"] if len(set(ids)) < len(ids) else []
    if counted != len(ids):
        faults.append(f"{counted} entries are counted, and {len(ids)} were read; does another process add to it?")
    return faults


def in_parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
