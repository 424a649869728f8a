"""A gallery's entries again in a new gallery, with the features of another model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from dgnet.experiment.galleries.embedder import AS_IT_IS, Loading
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.experiment.models.find import RUN
from dgnet.gallery.adding import Added
from dgnet.gallery.crops import Item
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import Store


def rebuild(
    address: str,
    out: str,
    model: RUN,
    how: Loading = AS_IT_IS,
    *,
    on_bad: Callable[[str, str], None] | None = None,
) -> Added:
    """Make the gallery `out` of the pictures that the entries of `address` were added from.

    Args:
        on_bad: told of each picture that is gone, has changed or cannot be read; it is left out.

    Raises:
        GalleryError: there is no gallery, or `out` exists.
        DgnetError: the model cannot be loaded.
    """
    old = open_store(address)
    bad: list[tuple[str, str]] = []

    def leave_out(source: str, reason: str) -> None:
        bad.append((source, reason))
        if on_bad:
            on_bad(source, reason)

    kept = old.meta
    with Gallery.create(out, model, how, precision=kept.precision, thumbnails=kept.thumbnails) as gallery:
        added = gallery.add(_pictures(old, leave_out), on_bad=on_bad, progress=True)
    old.close()
    added.bad += bad
    return added


def _pictures(old: Store, leave_out: Callable[[str, str], None]) -> Iterator[Item]:
    for entries in old.entries():
        for entry in entries:
            try:
                data = Path(entry.source).read_bytes()
            except (OSError, ValueError) as error:
                leave_out(entry.source, f"cannot be read: {getattr(error, 'strerror', None) or error}")
                continue
            if hashlib.sha256(data).hexdigest() != entry.content_hash:
                leave_out(entry.source, "has changed since it was added; add it as a new picture")
                continue
            yield Item(data, entry.source, entry.camera, entry.time, entry.identity, entry.track)
