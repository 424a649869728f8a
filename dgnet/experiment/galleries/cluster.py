"""Adding images to a gallery on a cluster, through Ray Data: workers read them and write to the gallery's server.

Each worker is a process with the model and a connection of its own, and adds batches as one process would: an entry's
id is a function of its image and of the model, so that a batch that is done twice (because a machine died, or because
the command was run again) is there once. The images' names travel to the workers; images, features and entries do not
pass through the machine where the command runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from tqdm import tqdm

from dgnet.experiment.cluster import LOCAL, cause, joined, workers_for
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.gallery.adding import BATCH_SIZE, Added
from dgnet.gallery.centring import warn_of_strangers
from dgnet.gallery.crops import Item
from dgnet.gallery.remote import is_url
from dgnet.gallery.stores.choice import is_file_address, open_store
from dgnet.gallery.stores.protocol import GalleryError
from dgnet.gallery.stores.server import without_password


class Worker:
    """A worker process: it opens the gallery once, and adds one batch of items after another."""

    def __init__(self, address: str, model: str | None, device: str) -> None:
        self._gallery = Gallery.open(address, model, device=device)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Add items (columns as of `Item`); gives one row: the counts, bad images and strange cameras of the batch."""
        columns = {name: list(values) for name, values in batch.items()}
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        for row in rows:
            row["time"] = None if np.isnan(row["time"]) else float(row["time"])
        added = self._gallery.add([Item(**row) for row in rows])
        bad = [[list(one) for one in added.bad]]
        counts = {"done": [len(rows)], "num_new": [added.num_new], "num_there": [added.num_there]}
        return {**counts, "bad": bad, "strangers": [added.strangers]}


def add_on_cluster(
    address: str,
    items: Sequence[Item],
    model: str | None = None,
    *,
    cluster: str = LOCAL,
    workers: int | None = None,
    device: str = "auto",
    batch_size: int = BATCH_SIZE,
    on_bad: Callable[[str, str], None] | None = None,
    progress: bool = True,
) -> Added:
    """Add images to a gallery on a server, on all machines of a Ray cluster.

    Args:
        items: their images are paths that every machine finds, or URLs.
        model: where the gallery's model lies now, on every machine, if not where it was when the gallery was made.
        cluster: `local`, `auto` (the one that this machine belongs to) or HOST:PORT of its head.
        workers: how many processes; by default one per GPU, or one per CPU where the cluster has no GPU. A worker
            on a GPU machine holds one GPU.
        on_bad: told the source and the reason of each image that cannot be read.

    Raises:
        GalleryError: the gallery is a file, or a worker failed.
        ClusterError: Ray is not installed, or there is no such cluster.
    """
    if is_file_address(address):
        raise GalleryError(
            f"{address}: a cluster cannot write to one file; make the gallery in PostgreSQL or Milvus, or add without "
            "--ray"
        )
    open_store(address).close()  # a wrong address ends here, not in every worker
    if not items:
        return Added()
    with joined(cluster) as ray:
        from ray import data as ray_data

        number, place = workers_for(ray, workers, device)
        rows = [_row(item) for item in items]
        blocks = max(number, -(-len(rows) // batch_size))
        context = ray_data.DataContext.get_current()
        context.enable_progress_bars = False
        try:
            data = ray_data.from_items(rows, override_num_blocks=min(blocks, len(rows))).map_batches(
                Worker,
                batch_size=batch_size,
                fn_constructor_args=(address, model, device),
                concurrency=min(number, blocks),
                **place,
            )
            added = _gathered(data, len(rows), on_bad, progress=progress)
        except ray.exceptions.RayError as error:
            failed = f"{without_password(address)}: a worker failed: {cause(error)}"
            raise GalleryError(f"{failed}; run the same again: what was added is kept") from error
    warn_of_strangers(without_password(address), added.strangers)  # what workers say is not heard here
    return added


def _row(item: Item) -> dict[str, Any]:
    row = asdict(item)
    if not isinstance(item.image, str | os.PathLike):
        raise GalleryError("a cluster takes paths and URLs of images, not images in memory")
    name = os.fspath(item.image)
    row["image"] = name if is_url(name) else os.path.abspath(os.path.expanduser(name))
    row["time"] = float("nan") if item.time is None else float(item.time)
    return row


def _gathered(data: Any, total: int, on_bad: Callable[[str, str], None] | None, *, progress: bool) -> Added:
    """The counts of all batches, as they come."""
    added = Added()
    with tqdm(total=total, desc="adding", unit="image", dynamic_ncols=True, disable=not progress, delay=1) as bar:
        for row in data.iter_rows():
            added.num_new += int(row["num_new"])
            added.num_there += int(row["num_there"])
            for source, reason in row["bad"]:
                added.bad.append((source, reason))
                if on_bad:
                    on_bad(source, reason)
            added.strangers = sorted({*added.strangers, *row["strangers"]})
            bar.update(int(row["done"]))
    return added
