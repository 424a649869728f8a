"""Who is on the images of a test, by which camera, and which images stand on both sides."""

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
    """Pids; cameras and image numbers of both sides or of neither.

    An image number is the same where a query and a gallery image are one image. `notes` say what was found of such.
    """

    query_pids: Labels
    gallery_pids: Labels
    query_camids: Labels | None = None
    gallery_camids: Labels | None = None
    query_images: Labels | None = None
    gallery_images: Labels | None = None
    notes: tuple[str, ...] = ()

    def columns(self) -> tuple[Labels, Labels, Labels | None, Labels | None, Labels | None, Labels | None]:
        """As the measures take them."""
        cameras = self.query_camids, self.gallery_camids
        return self.query_pids, self.gallery_pids, *cameras, self.query_images, self.gallery_images

    def without_cameras(self) -> SplitLabels:
        """The same, so that no image is left out for its camera."""
        return replace(self, query_camids=None, gallery_camids=None)

    @property
    def num_images(self) -> int:
        """Queries and gallery images, those on both sides counted once."""
        number = len(self.query_pids) + len(self.gallery_pids)
        if self.query_images is None or self.gallery_images is None:
            return number
        return number - int(np.isin(self.gallery_images, self.query_images).sum())


def labels_of(dataset: ReidDataset, contents: tuple[Digests, Digests] | None = None) -> SplitLabels:
    """The labels of a data set's queries and gallery; no cameras where any is unknown.

    Args:
        contents: content hashes of both sides' files, by which an image is recognised under another name too.
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
    """Number the images, where any stands on both sides.

    Two records are one image where their files are one (links followed), or where their files have the same content
    and neither the pid nor the camera is another. Where one of those is another, the labels contradict each other:
    both images stay, and it is said.
    """
    records = [*query, *gallery]
    hashes: list[bytes] = [] if contents is None else [row.tobytes() for side in contents for row in side]
    shared = set(hashes[: len(query)]) & set(hashes[len(query) :])
    numbers = np.arange(len(records), dtype=np.int64)
    seen: dict[Hashable, int] = {}
    for place, record in enumerate(records):
        if hashes and hashes[place] not in shared:
            continue  # a file has the same content as itself
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
    """How many queries lie in the gallery too."""
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
