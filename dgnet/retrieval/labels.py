"""The labels of queries and gallery: who is shown, by which camera, and which images are in both."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dgnet.data.records import Record, ReidDataset

Labels = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint8]  # N×16: the content hash of each image's file


@dataclass(frozen=True)
class SplitLabels:
    """Pids of queries and gallery. Cameras, and image numbers, are given for both or for neither (None).

    A query and a gallery image have the same image number where they are the same image. `notes` are sentences for the
    report about such images.
    """

    query_pids: Labels
    gallery_pids: Labels
    query_camids: Labels | None = None
    gallery_camids: Labels | None = None
    query_images: Labels | None = None
    gallery_images: Labels | None = None
    notes: tuple[str, ...] = ()

    def columns(self) -> tuple[Labels, Labels, Labels | None, Labels | None, Labels | None, Labels | None]:
        """The six label arguments of `evaluate` and its like, in their order."""
        cameras = self.query_camids, self.gallery_camids
        return self.query_pids, self.gallery_pids, *cameras, self.query_images, self.gallery_images

    def without_cameras(self) -> SplitLabels:
        """The same labels without cameras, so that no image is left out because of its camera."""
        return replace(self, query_camids=None, gallery_camids=None)

    @property
    def num_images(self) -> int:
        """How many images queries and gallery are together; an image in both counts once."""
        number = len(self.query_pids) + len(self.gallery_pids)
        if self.query_images is None or self.gallery_images is None:
            return number
        return number - int(np.isin(self.gallery_images, self.query_images).sum())


def labels_of(dataset: ReidDataset, contents: tuple[Digests, Digests] | None = None) -> SplitLabels:
    """The labels of a data set's queries and gallery; without cameras where any camera is unknown.

    Args:
        contents: content hashes of the queries' and the gallery's files, by which the same image is recognised under
            two names.
    """

    def column(records: tuple[Record, ...], field: str) -> Labels:
        return np.array([getattr(record, field) for record in records], dtype=np.int64)

    pids = column(dataset.query, "pid"), column(dataset.gallery, "pid")
    labels = SplitLabels(*pids)
    if dataset.has_cameras:
        labels = SplitLabels(*pids, column(dataset.query, "camid"), column(dataset.gallery, "camid"))
    return _with_images(labels, dataset.query, dataset.gallery, contents)


def _with_images(
    labels: SplitLabels, query: Sequence[Record], gallery: Sequence[Record], contents: tuple[Digests, Digests] | None
) -> SplitLabels:
    """Number the images, where any image is both a query and in the gallery.

    Two records are the same image where they are the same file (links followed), or where their files have the same
    content, the same pid and the same camera. Where the content is the same but the pid or the camera differs, the
    labels contradict each other: both images are kept, and a note says so.
    """
    records = [*query, *gallery]
    hashes: list[bytes] = [] if contents is None else [row.tobytes() for side in contents for row in side]
    shared = set(hashes[: len(query)]) & set(hashes[len(query) :])
    numbers = np.arange(len(records), dtype=np.int64)
    seen: dict[Hashable, int] = {}
    for place, record in enumerate(records):
        if hashes and hashes[place] not in shared:
            continue  # no file of the other side has this content, so none is the same file
        keys: list[Hashable] = [os.path.realpath(record.path)]
        if hashes:
            keys.append((hashes[place], record.pid, None if labels.query_camids is None else record.camid))
        numbers[place] = next((seen[key] for key in keys if key in seen), place)
        for key in keys:
            seen.setdefault(key, int(numbers[place]))
    asked, searched = numbers[: len(query)], numbers[len(query) :]
    notes = [*own_image_notes(asked, searched), *_contradictions(query, gallery, asked, searched, hashes, shared)]
    if not np.isin(asked, searched).any():
        return replace(labels, notes=tuple(notes))
    return replace(labels, query_images=asked, gallery_images=searched, notes=tuple(notes))


def own_image_notes(query_images: Labels, gallery_images: Labels) -> list[str]:
    """A sentence on how many queries are in the gallery too; empty where none is."""
    own = int(np.isin(query_images, gallery_images).sum())
    said = (
        f"{own} of {len(query_images)} queries lie in the gallery too, as the same file or one of the same content: "
        "every query's own image is left out of its ranking."
    )
    return [said] if own else []


def _contradictions(
    query: Sequence[Record],
    gallery: Sequence[Record],
    asked: Labels,
    searched: Labels,
    hashes: list[bytes],
    shared: set[bytes],
) -> list[str]:
    of_query = {hashes[place]: place for place in range(len(query) if hashes else 0) if hashes[place] in shared}
    pairs = []
    for place, record in enumerate(gallery):
        found = of_query.get(hashes[len(query) + place]) if hashes else None
        if found is not None and searched[place] not in asked:
            pairs.append((query[found], record))
    if not pairs:
        return []
    one, other = pairs[0]
    said = (
        f"{len(pairs)} gallery images have the very content of a query, but another pid or camera (first: "
        f"{other.path}, pid {other.pid}, camera {other.camid}; {one.path}, pid {one.pid}, camera "
        f"{one.camid}): the labels of one must be wrong. They are kept in the ranking."
    )
    return [said]
