"""Retrieval between every two cameras: which pairs of views are hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import (
    JUNK,
    EvaluationError,
    FeatureArray,
    LabelArray,
    camera_vectors,
    feature_matrix,
    label_vector,
    same_width,
)
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES
from dgnet.retrieval.ranking.ranks import rank_matches, score_queries

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CameraPairs:
    """Figures by the query's camera (down) and the gallery's (across); NaN where no such query has a true match there.

    `num_valid` counts the queries that have one.
    """

    cameras: tuple[int, ...]
    rank1: Float64Array
    map_step: Float64Array
    num_valid: npt.NDArray[np.int64]


def camera_pairs(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray,
    gallery_camids: LabelArray,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    block_bytes: int = BLOCK_BYTES,
    device: str | torch.device | None = None,
) -> CameraPairs:
    """Rank each query against the gallery images of one camera only, for every camera in turn."""
    query = feature_matrix(query_features, "query features", device)
    gallery = feature_matrix(gallery_features, "gallery features", device or query.device)
    same_width(query, gallery)
    known = camera_vectors(query_camids, gallery_camids, len(query), len(gallery))
    if known is None:
        raise EvaluationError("camera pairs need the cameras of queries and gallery")
    by_query, by_gallery = known
    gallery_ids = label_vector(gallery_pids, "gallery_pids", len(gallery))
    images = None if gallery_images is None else label_vector(gallery_images, "gallery_images", len(gallery))
    cameras = np.union1d(by_query, by_gallery)
    rank1 = np.full((len(cameras), len(cameras)), np.nan)
    map_step = rank1.copy()
    num_valid = np.zeros(rank1.shape, dtype=np.int64)
    for column, camera in enumerate(cameras):
        chosen = np.flatnonzero((by_gallery == camera) & (gallery_ids != JUNK))
        if chosen.size == 0:
            continue
        part = gallery[torch.from_numpy(chosen).to(gallery.device)]
        labels = query_pids, gallery_ids[chosen], by_query, by_gallery[chosen]
        own = None if images is None else images[chosen]
        ranks = rank_matches(query, part, *labels, query_images, own, block_bytes=block_bytes)
        if not ranks.valid.any():
            continue
        scores = score_queries(ranks)
        for row, query_camera in enumerate(cameras):
            of_row = by_query[scores.query] == query_camera
            num_valid[row, column] = of_row.sum()
            if of_row.any():
                rank1[row, column] = (scores.first_rank[of_row] == 1).mean()
                map_step[row, column] = scores.ap_step[of_row].mean()
    return CameraPairs(tuple(int(camera) for camera in cameras), rank1, map_step, num_valid)
