"""Adding images to a gallery: read, hashed and decoded in threads while the model works; kept batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from tqdm import tqdm

from dgnet.data.records import DataError
from dgnet.gallery.centring import NOT_CENTRED, CameraMeans, warn_of_strangers
from dgnet.gallery.crops import Crop, Item, decode_item, read_item, source_of
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.protocol import Entry, Store, entry_id

BATCH_SIZE = 256


@dataclass
class Added:
    """What became of the images that were given: new, in the gallery already, or bad (source and reason).

    `strangers` names cameras of new ones that a centred gallery was not centred on.
    """

    num_new: int = 0
    num_there: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Prepared:
    """A batch, read: `entries` with their crops; how many were there already; the bad ones."""

    num_given: int
    entries: list[Entry]
    crops: list[Crop]
    num_there: int
    bad: list[tuple[str, str]]


def add_items(
    store: Store,
    embedder: Embedder,
    items: Iterable[Item],
    *,
    total: int | None = None,
    batch_size: int = BATCH_SIZE,
    on_bad: Callable[[str, str], None] | None = None,
    means: CameraMeans = NOT_CENTRED,
    progress: bool = True,
) -> Added:
    """Add images, batch by batch: a batch that was acknowledged stays, and the same call again goes on from there.

    Args:
        total: the number of items, for the progress bar.
        on_bad: told the source and the reason of each image that cannot be read, when it is met.
        means: of a centred gallery.

    Raises:
        GalleryError: the gallery holds features of another model, or cannot be written to.
    """
    embedder.check(store.meta, store.address)
    added = Added()
    new_cameras: set[str] = set()
    bar = tqdm(total=total, desc="adding", unit="image", dynamic_ncols=True, disable=not progress, delay=1)
    with bar:
        for batch in _prepared(store, embedder, items, batch_size):
            if batch.entries:
                features = embedder.features(np.stack([crop.pixels for crop in batch.crops]))
                cameras = [entry.camera for entry in batch.entries]
                features = means.taken_away(features, cameras)
                new_cameras.update(means.strangers(cameras))
                new = store.add(batch.entries, features, [crop.thumbnail for crop in batch.crops])
                added.num_new += sum(new)
                added.num_there += len(new) - sum(new)
            added.num_there += batch.num_there
            added.bad += batch.bad
            for source, reason in batch.bad if on_bad else ():
                on_bad(source, reason)  # type: ignore[misc]
            bar.update(batch.num_given)
    added.strangers = sorted(new_cameras)
    warn_of_strangers(store.address, added.strangers)
    return added


def _prepared(store: Store, embedder: Embedder, items: Iterable[Item], batch_size: int) -> Iterator[_Prepared]:
    """Batches in order; the next one is read while the caller works on the last."""
    given = iter(items)
    threads = max(2, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(1) as ahead:
        chunk = list(islice(given, batch_size))
        coming = ahead.submit(_prepare, store, embedder, chunk, pool)
        while chunk:
            ready = coming.result()
            chunk = list(islice(given, batch_size))
            if chunk:
                coming = ahead.submit(_prepare, store, embedder, chunk, pool)
            yield ready


def _prepare(store: Store, embedder: Embedder, chunk: list[Item], pool: ThreadPoolExecutor) -> _Prepared:
    bad: list[tuple[str, str]] = []
    fresh = {}
    num_there = 0
    for item, read in zip(chunk, pool.map(_tried(read_item), chunk), strict=True):
        if isinstance(read, str):
            bad.append((source_of(item), read))
            continue
        name = entry_id(read.content_hash, embedder.hash)
        if name in fresh:
            num_there += 1
        else:
            fresh[name] = (item, read)
    there = store.present(list(fresh)) if fresh else set()
    num_there += len(there)
    wanted = [(name, item, read) for name, (item, read) in fresh.items() if name not in there]
    thumbnail = store.meta.thumbnails
    decode = _tried(lambda one: decode_item(one[1], one[2], embedder.size, thumbnail=thumbnail))
    entries, crops = [], []
    for (name, item, read), crop in zip(wanted, pool.map(decode, wanted), strict=True):
        if isinstance(crop, str):
            bad.append((source_of(item), crop))
            continue
        known = (item.camera, item.time, item.identity, item.track)
        entries.append(Entry(name, read.content_hash, source_of(item), *known))
        crops.append(crop)
    return _Prepared(len(chunk), entries, crops, num_there, bad)


def _tried(function: Callable) -> Callable:
    """The function, returning the message of a DataError instead of raising it."""

    def attempt(argument: object) -> object:
        try:
            return function(argument)
        except DataError as error:
            return str(error)

    return attempt
