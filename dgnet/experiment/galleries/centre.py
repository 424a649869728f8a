"""A gallery's entries again in a new gallery, without what all pictures of a camera share."""

from __future__ import annotations

from contextlib import closing

from dgnet.gallery.centring import CameraMeans, begin, measured, read_means, take_over
from dgnet.gallery.stores.choice import create_store, open_store, open_target


def centre(address: str, out: str, *, progress: bool = True) -> tuple[int, CameraMeans]:
    """Make the centred gallery `out`, or go on with it; return how many entries are new in it, and what was taken away.

    Raises GalleryError where there is no gallery, its cameras are not known, or `out` is another one.
    """
    with closing(open_store(address)) as source:
        target = open_target(address, out)
        begun = target is not None and (target.count() > 0 or bool(read_means(target).offsets))
        # Measured before anything is made, so that a gallery without cameras leaves nothing behind.
        means = None if begun else measured(source, progress=progress)
        with closing(target or create_store(out, source.meta)) as new:
            if means is not None:
                begin(source, new, means)
            return take_over(source, new, progress=progress)
