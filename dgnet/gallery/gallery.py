"""A gallery of people, as a program uses it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from dgnet.data.store.given import GivenImage, GivenImages
from dgnet.gallery.adding import BATCH_SIZE, Added, add_items
from dgnet.gallery.calibration.calibration import Calibration, calibrate
from dgnet.gallery.calibration.rates import FARS
from dgnet.gallery.calibration.stored import (
    OWN_ENTRIES,
    keep_calibration,
    known_people,
    require_calibration,
    stored_calibration,
)
from dgnet.gallery.centring import complete_means
from dgnet.gallery.crops import Item, decode_item, read_item, source_of
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.searching import Answer, query_features, search_people
from dgnet.gallery.stores.protocol import EVERY, Filter, Float32Array, Meta, Store, as_name, entry_id


@dataclass(frozen=True)
class Info:
    """What a gallery holds. `cameras` counts entries per camera (empty: unknown); times are in seconds.

    `centred` names the cameras whose means were taken away; it is empty in a gallery that is not centred.
    """

    meta: Meta
    num_entries: int
    num_known: int
    num_identities: int
    cameras: dict[str, int]
    earliest: float | None
    latest: float | None
    centred: tuple[str, ...] = ()


class Gallery:
    """People kept with their features: add images, search for people, remove them.

    `dgnet.Gallery.open("people.db")` opens one, `dgnet.Gallery.create("people.db")` makes one. Images are given as
    `dgnet.load(...).features` takes them: paths, bytes, Pillow images, uint8 RGB arrays; or as `Item`s.

    Attributes:
        store: where it is kept (`stores.protocol.Store`), for everything that this class does not do.
        means: what was taken away of the features of each camera; nothing in a gallery that is not centred.
    """

    def __init__(self, store: Store, embedder_of: Callable[[], Embedder]) -> None:
        self.store = store
        try:
            self.means = complete_means(store)
        except BaseException:
            store.close()
            raise
        self._embedder_of = embedder_of
        self._embedder: Embedder | None = None

    @property
    def embedder(self) -> Embedder:
        """The model that made the gallery's features, loaded when it is first needed; another one is refused."""
        if self._embedder is None:
            found = self._embedder_of()
            found.check(self.store.meta, self.store.address)
            self._embedder = found
        return self._embedder

    def __len__(self) -> int:
        return self.store.count()

    def __repr__(self) -> str:
        return f"<dgnet.Gallery {self.store.address!r}: {len(self)} entries, features of {self.store.meta.model_name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    def add(
        self,
        images: GivenImages | Iterable[Item],
        *,
        camera: str = "",
        time: float | None = None,
        identity: str = "",
        track: str = "",
        source: str = "",
        batch_size: int = BATCH_SIZE,
        on_bad: Callable[[str, str], None] | None = None,
        progress: bool = False,
    ) -> Added:
        """Add images. One that is there already (the same file, byte by byte) stays as it is, and is counted.

        Args:
            images: one or many; a generator is read batch by batch. What `Item`s say of themselves counts; the other
                arguments are for images that are no `Item`s.
            camera, time, identity, track, source: as in `Entry`, the same for all.
            on_bad: called with the source and the reason for each image that cannot be read; the rest goes on.

        Raises:
            GalleryError: the gallery cannot be written to. Batches that were acknowledged before stay.
        """
        items = (
            one if isinstance(one, Item) else Item(one, source, camera, time, identity, track) for one in each(images)
        )
        total = len(images) if isinstance(images, Sequence) and not isinstance(images, str | bytes) else None
        return add_items(
            self.store,
            self.embedder,
            items,
            total=total,
            batch_size=batch_size,
            on_bad=on_bad,
            means=self.means,
            progress=progress,
        )

    def search(
        self,
        images: GivenImages | Sequence[Sequence[GivenImage]],
        *,
        top: int = 10,
        only: Filter = EVERY,
        camera: str = "",
        together: bool = False,
        rerank: bool = False,
        threshold: float | None = None,
        far: float | None = None,
    ) -> list[Answer]:
        """Find people.

        Args:
            images: one or many, of one person each; a list within the list holds several pictures of one person.
            top: how many entries at most per person.
            only: which entries may be found; see `Filter`.
            camera: which camera took the images, where it is known; a centred gallery takes its mean away from them.
            together: all images show one person.
            rerank: order the 200 most similar by k-reciprocal re-ranking; similarities shown stay cosines.
            threshold: the least cosine; where nothing reaches it, the answer is nobody.
            far: the threshold at this false-accept rate, by the gallery's calibration; instead of `threshold`.

        Returns:
            one answer per person, in order.

        Raises:
            DataError: an image cannot be read.
            GalleryError: the gallery cannot be read, `top` is below 1, or it was not centred on `camera`.
            CalibrationError: `far` is given, but the gallery is not calibrated, or not for this rate.
        """
        camera = as_name(camera)
        self.means.check_camera(camera, self.store.address)
        if far is None:
            calibration = stored_calibration(self.store)
        else:
            calibration = require_calibration(self.store)
            threshold = calibration.threshold(far)
        people = [[Item(image, camera=camera) for image in each(one)] for one in each(images)]
        if together:
            people = [[item for shots in people for item in shots]]
        features = query_features(self.embedder, people, self.means)
        names = [tuple(map(source_of, shots)) for shots in people]
        return search_people(
            self.store,
            features,
            names,
            top=top,
            only=only,
            reranked=rerank,
            threshold=threshold,
            calibration=calibration,
        )

    def calibrate(
        self,
        features: Float32Array | None = None,
        people: Sequence[str] = (),
        cameras: Sequence[str] | None = None,
        *,
        fars: Sequence[float] = FARS,
        prior: float | None = None,
        progress: bool = False,
    ) -> Calibration:
        """Measure on known people how sure a similarity is, and keep that in the gallery.

        Args:
            features: N×dim of length 1, by the gallery's model (`gallery.embedder.features`), with `people` and, where
                known, `cameras`; None takes the gallery's entries of known identity. A centred gallery takes its means
                away from them.
            fars, prior: as of `calibration.calibrate`.

        Raises CalibrationError where there is too little to calibrate on, GalleryError where a centred gallery does not
        know the cameras; the gallery is then left as it is.
        """
        what, model = "features that were given", self.store.meta.model_hash
        if features is None:
            what, (features, people, cameras) = OWN_ENTRIES, known_people(self.store)
        else:
            names = [""] * len(features) if cameras is None else [as_name(camera) for camera in cameras]
            self.means.check_cameras_of_labelled(names, f"cameras: {self.store.address}")
            features = self.means.taken_away(features, names)
        options: dict[str, Any] = {"fars": fars, "prior": prior, "model_hash": model, "data": what}
        found = calibrate(features, people, cameras, progress=progress, **options)
        keep_calibration(self.store, found)
        return found

    def thumbnail_of(self, image: GivenImage) -> bytes:
        """A JPEG of an image as the gallery would keep it. Raises DataError."""
        item = Item(image)
        return decode_item(item, read_item(item), self.embedder.size, thumbnail=True).thumbnail

    def remove(self, only: Filter) -> int:
        """Remove the entries that pass, their thumbnails too, and return how many; an empty filter is refused."""
        return self.store.remove(only)

    def info(self) -> Info:
        """Counts of what is there; every entry is read, its feature is not."""
        cameras, identities = Counter[str](), Counter[str]()
        times: list[float] = []
        for batch in self.store.entries():
            cameras.update(entry.camera for entry in batch)
            identities.update(entry.identity for entry in batch)
            known = [entry.time for entry in batch if entry.time is not None]
            times = [min([*times, *known]), max([*times, *known])] if times or known else []
        total = sum(cameras.values())
        return Info(
            meta=self.store.meta,
            num_entries=total,
            num_known=total - identities[""],
            num_identities=len(identities.keys() - {""}),
            cameras=dict(sorted(cameras.items())),
            earliest=times[0] if times else None,
            latest=times[-1] if times else None,
            centred=tuple(self.means.offsets),
        )

    def verify(self) -> list[str]:
        """Read everything, and return its faults, one sentence each; none where the gallery is sound."""
        faults = self.store.check()
        if faults:
            return faults
        wrong_id, wrong_length = 0, 0
        for entries, vectors in self.store.read():
            wrong_id += sum(entry.id != entry_id(entry.content_hash, self.store.meta.model_hash) for entry in entries)
            lengths = np.linalg.norm(vectors, axis=1)
            wrong_length += int((~(np.abs(lengths - 1) < 5e-3)).sum())  # half precision rounds each number
        if wrong_id:
            faults.append(f"{wrong_id} entries have an id that does not belong to their image and model")
        if wrong_length:
            faults.append(f"{wrong_length} features are not of length 1")
        return faults


def each(images: object) -> Iterable[GivenImage]:
    """The images one by one; one image alone is one. Arrays N×H×W×3 are N images."""
    if isinstance(images, str | os.PathLike | bytes | bytearray | memoryview | Image.Image | Item):
        return [images]  # type: ignore[list-item]
    shape = getattr(images, "shape", None)
    if shape is not None and len(shape) < 4:
        return [images]  # type: ignore[list-item]
    return images  # type: ignore[return-value]
