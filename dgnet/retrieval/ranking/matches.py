"""Which gallery images are true matches of a query, and which are dropped before ranking.

Dropped are junk (pid -1), images of the query's pid taken by the query's own camera, and the query's own image.
Everything else is kept. Distractors need no rule of their own: no query has their pid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.retrieval.arrays import JUNK, EvaluationError, Int64Array, LabelArray, camera_vectors, label_vector


@dataclass(frozen=True)
class SameLabel:
    """For every query the gallery positions that share a label with it, ascending."""

    order: Int64Array  # gallery positions by label, then position
    starts: Int64Array  # for each query, where its label begins in `order`
    stops: Int64Array  # and where it ends

    def of(self, query: int) -> Int64Array:
        return self.order[self.starts[query] : self.stops[query]]


@dataclass(frozen=True)
class Truth:
    """Checked identities and cameras of queries and gallery, with the gallery indexed by identity and by image."""

    query_pids: Int64Array
    gallery_pids: Int64Array
    cameras: tuple[Int64Array, Int64Array] | None
    junk: Int64Array  # gallery positions
    same_pid: SameLabel
    same_image: SameLabel | None  # the query's own image, where the gallery holds it; None where that is not known

    @property
    def num_kept(self) -> int:
        """The number of gallery images that are not junk."""
        return len(self.gallery_pids) - len(self.junk)

    @property
    def num_own(self) -> int:
        """The number of queries whose own image is in the gallery."""
        return 0 if self.same_image is None else int(np.count_nonzero(self.same_image.stops > self.same_image.starts))

    def split(self, query: int) -> tuple[Int64Array, Int64Array]:
        """Gallery positions, ascending: (true matches; images dropped for the query's camera, or as its own image)."""
        same = self.same_pid.of(query)
        matches, dropped = same, same[:0]
        if self.cameras is not None:
            query_camids, gallery_camids = self.cameras
            own_camera = gallery_camids[same] == query_camids[query]
            matches, dropped = same[~own_camera], same[own_camera]
        own = same[:0] if self.same_image is None else self.same_image.of(query)
        own = own[self.gallery_pids[own] != JUNK]  # junk is dropped anyway
        if own.size:
            return np.setdiff1d(matches, own, assume_unique=True), np.union1d(dropped, own)
        return matches, dropped

    def matched_on_own_camera(self, query: int) -> bool:
        """Whether an image that would be a true match is dropped only because the query's own camera took it."""
        _, dropped = self.split(query)
        others = dropped if self.same_image is None else np.setdiff1d(dropped, self.same_image.of(query))
        return others.size > 0

    def query_of_gallery(self) -> Int64Array:
        """For each of N gallery images, the first query that is the same image; -1 where there is none."""
        found = np.full(len(self.gallery_pids), -1, dtype=np.int64)
        for query in reversed(range(len(self.query_pids) if self.same_image else 0)):
            assert self.same_image is not None
            found[self.same_image.of(query)] = query
        return found


def index_truth(
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None,
    gallery_camids: LabelArray | None,
    num_query: int,
    num_gallery: int,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
) -> Truth:
    """Check the labels of `num_query` queries and `num_gallery` gallery images and index them.

    Args:
        query_images, gallery_images: image numbers, equal where a query and a gallery image are the same image; both
            None where that is unknown, or where there is no such image.

    Raises EvaluationError on wrong lengths, unknown cameras, a junk query, or a gallery of nothing but junk.
    """
    queries = label_vector(query_pids, "query_pids", num_query)
    gallery = label_vector(gallery_pids, "gallery_pids", num_gallery)
    junk_queries = np.flatnonzero(queries == JUNK)
    if junk_queries.size:
        raise EvaluationError(
            f"query_pids: {junk_queries.size} queries are junk (pid {JUNK}; first at {junk_queries[0]}); "
            "junk belongs in the gallery alone"
        )
    junk = np.flatnonzero(gallery == JUNK)
    if junk.size == num_gallery:
        raise EvaluationError(f"gallery_pids: all {num_gallery} gallery images are junk (pid {JUNK})")
    cameras = camera_vectors(query_camids, gallery_camids, num_query, num_gallery)
    if (query_images is None) != (gallery_images is None):
        missing = "query_images" if query_images is None else "gallery_images"
        raise EvaluationError(f"{missing} is missing: number the images of both sides, or of neither")
    same_image = None
    if query_images is not None and gallery_images is not None:
        asked = label_vector(query_images, "query_images", num_query)
        searched = label_vector(gallery_images, "gallery_images", num_gallery)
        same_image = _index(asked, searched)
    return Truth(queries, gallery, cameras, junk, _index(queries, gallery), same_image)


def _index(queries: Int64Array, gallery: Int64Array) -> SameLabel:
    """Index the gallery images by their label."""
    order = np.argsort(gallery, kind="stable")
    labels = gallery[order]
    return SameLabel(order, np.searchsorted(labels, queries, "left"), np.searchsorted(labels, queries, "right"))
