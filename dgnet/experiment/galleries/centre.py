"""A gallery's entries again in a new gallery, without what all pictures of a camera share."""

from __future__ import annotations

from contextlib import closing

from dgnet.gallery import centring
from dgnet.gallery.centring import CameraMeans
from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.gallery.stores.protocol import GalleryError, Store


def centre(address: str, out: str, *, progress: bool = True) -> tuple[int, CameraMeans]:
    """Make the centred gallery `out`, or go on with it; return how many entries are new in it, and what was taken away.

    Raises GalleryError where there is no gallery, its cameras are not known, or `out` is another one.
    """
    with closing(open_store(address)) as source, closing(_target(out, source)) as target:
        return centring.centre(source, target, progress=progress)


def _target(out: str, source: Store) -> Store:
    try:
        return open_store(out)
    except GalleryError:
        return create_store(out, source.meta)
