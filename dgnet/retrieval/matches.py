"""Which gallery images are true matches of a query, and which are dropped before ranking.

Dropped: junk (pid -1), and images of the query's pid taken by the query's own camera. Everything else is kept;
distractors need no rule of their own, they are identities that no query has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.retrieval.arrays import JUNK, EvaluationError, Int64Array, LabelArray, camera_vectors, label_vector


@dataclass(frozen=True)
class Truth:
    """Identities and cameras of both sides, checked, with the gallery indexed by identity."""

    query_pids: Int64Array
    gallery_pids: Int64Array
    cameras: tuple[Int64Array, Int64Array] | None
    junk: Int64Array  # gallery positions
    _order: Int64Array  # gallery positions by pid, then position
    _starts: Int64Array  # of each query's pid in `_order`
    _stops: Int64Array

    @property
    def num_kept(self) -> int:
        """Gallery images that are not junk."""
        return len(self.gallery_pids) - len(self.junk)

    def split(self, query: int) -> tuple[Int64Array, Int64Array]:
        """Gallery positions, ascending: (true matches, images dropped for their camera)."""
        same = self._order[self._starts[query] : self._stops[query]]
        if self.cameras is None:
            return same, same[:0]
        query_camids, gallery_camids = self.cameras
        own_camera = gallery_camids[same] == query_camids[query]
        return same[~own_camera], same[own_camera]


def index_truth(
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None,
    gallery_camids: LabelArray | None,
    num_query: int,
    num_gallery: int,
) -> Truth:
    """Check the labels of `num_query` queries and `num_gallery` gallery images and index them.

    Raises EvaluationError on wrong lengths, unknown cameras, a junk query, or a gallery of junk alone.
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
    order = np.argsort(gallery, kind="stable")
    cameras = camera_vectors(query_camids, gallery_camids, num_query, num_gallery)
    by_pid = gallery[order]
    starts, stops = np.searchsorted(by_pid, queries, "left"), np.searchsorted(by_pid, queries, "right")
    return Truth(queries, gallery, cameras, junk, order, starts, stops)
