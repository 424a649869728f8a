"""A gallery's entries again in a new gallery, with the features of another model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from dgnet.data.records import DataError
from dgnet.experiment.galleries.embedder import AS_IT_IS, Loading, load_embedder
from dgnet.experiment.galleries.gallery import meta_of
from dgnet.experiment.models.find import RUN
from dgnet.gallery.adding import Added, add_items
from dgnet.gallery.centring import complete_means
from dgnet.gallery.crops import Item, read_item
from dgnet.gallery.rebuilding import begin_rebuilding, end_rebuilding
from dgnet.gallery.stores.choice import create_store, open_store, open_target
from dgnet.gallery.stores.protocol import GalleryError, Store


def rebuild(
    address: str,
    out: str,
    model: RUN,
    how: Loading = AS_IT_IS,
    *,
    on_bad: Callable[[str, str], None] | None = None,
) -> Added:
    """Make the gallery `out` of the pictures that the entries of `address` were added from, or go on with it.

    Args:
        on_bad: told of each picture that is gone, has changed or cannot be read; it is left out.

    Raises:
        GalleryError: there is no gallery, or `out` is another one.
        DgnetError: the model cannot be loaded.
    """
    bad: list[tuple[str, str]] = []

    def leave_out(source: str, reason: str) -> None:
        bad.append((source, reason))
        if on_bad:
            on_bad(source, reason)

    with closing(open_store(address)) as old:
        target = open_target(address, out)
        complete_means(old)
        embedder = load_embedder(model, how)
        meta = meta_of(embedder, model, old.meta.precision, thumbnails=old.meta.thumbnails)
        with closing(target or create_store(out, meta)) as new:
            if new.meta.model_hash != embedder.hash:
                raise GalleryError(f"{out}: there is a gallery of another model than {embedder.name}; give a new name")
            begin_rebuilding(old, new)
            added = add_items(new, embedder, _pictures(old, leave_out), total=old.count(), on_bad=on_bad)
            end_rebuilding(old, new)
    added.bad += bad
    return added


def _pictures(old: Store, leave_out: Callable[[str, str], None]) -> Iterator[Item]:
    for entries in old.entries():
        for entry in entries:
            try:
                read = read_item(Item(entry.source))
            except (DataError, ValueError) as error:  # a name may be one that no file can have
                leave_out(entry.source, str(error))
                continue
            if read.data is None or read.content_hash != entry.content_hash:
                leave_out(entry.source, "has changed since it was added; add it as a new picture")
                continue
            yield Item(read.data, entry.source, entry.camera, entry.time, entry.identity, entry.track)
