"""Queries made of several images: multi-query means, and query expansion."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import normalize

from dgnet.retrieval.arrays import EvaluationError, FeatureArray, LabelArray, feature_matrix, label_vector, same_width
from dgnet.retrieval.kernel.neighbours import nearest
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES


def multi_query(
    features: FeatureArray,
    pids: LabelArray,
    camids: LabelArray,
    query_pids: LabelArray,
    query_camids: LabelArray,
) -> torch.Tensor:
    """Q×F: for each query, the mean of those features (N×F) that have its pid and its camera.

    Raises EvaluationError naming the first query whose pid and camera no image has.
    """
    matrix = feature_matrix(features, "multi-query features")
    own = np.stack([label_vector(pids, "pids", len(matrix)), label_vector(camids, "camids", len(matrix))])
    number = len(query_pids)
    asked = np.stack(
        [label_vector(query_pids, "query_pids", number), label_vector(query_camids, "query_camids", number)]
    )
    views, group = np.unique(np.concatenate([asked, own], axis=1), axis=1, return_inverse=True)
    of_query, of_image = torch.from_numpy(group[:number]), torch.from_numpy(group[number:])
    sums = matrix.new_zeros(views.shape[1], matrix.shape[1]).index_add_(0, of_image, matrix)
    counts = torch.bincount(of_image, minlength=views.shape[1])
    alone = (counts[of_query] == 0).nonzero()[:, 0]
    if len(alone):
        query = int(alone[0])
        raise EvaluationError(
            f"multi-query: {len(alone)} queries have no image of their pid and camera (first: query {query}, pid "
            f"{asked[0, query]}, camera {asked[1, query]})"
        )
    return sums[of_query] / counts[of_query, None]


def expand_queries(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    k: int = 5,
    alpha: float = 0.0,
    block_bytes: int = BLOCK_BYTES,
    progress: bool = True,
) -> torch.Tensor:
    """Q×F unit features: each query joined with its k nearest gallery images. No label is used.

    q' = q + sum of s_g^alpha g over the k nearest g, with s_g = max(<q, g>, 0) of unit features; q' is then normalised.
    alpha = 0 is average query expansion (Chum et al. 2007), alpha = 3 a usual choice for weighted query expansion
    (Radenović et al. 2018). Where the gallery holds the query's own image too (equal numbers in `query_images` and
    `gallery_images`), that image does not count as a neighbour.
    """
    if alpha < 0:
        raise EvaluationError(f"alpha: expected at least 0, found {alpha}")
    query = feature_matrix(query_features, "query features")
    gallery = feature_matrix(gallery_features, "gallery features", query.device)
    same_width(query, gallery)
    query, gallery = normalize(query, dim=1), normalize(gallery, dim=1)
    most = 0  # the largest number of copies of one query that the gallery holds
    if query_images is not None and gallery_images is not None:
        asked = label_vector(query_images, "query_images", len(query))
        searched = label_vector(gallery_images, "gallery_images", len(gallery))
        numbers, copies = np.unique(searched, return_counts=True)
        most = int(copies[np.isin(numbers, asked)].max(initial=0))
    near = nearest(query, gallery, k + most, block_bytes=block_bytes, progress=progress)
    own = searched[near.index] == asked[:, None] if most else np.zeros(near.index.shape, dtype=bool)
    taken = ~own & (np.cumsum(~own, axis=1) <= k)
    weight = torch.from_numpy(near.similarity).clamp(min=0).pow(alpha).to(query.device)
    weight = weight * torch.from_numpy(taken).to(query.device)
    joined = query.clone()
    for rank in range(near.index.shape[1]):
        joined += weight[:, rank, None] * gallery[torch.from_numpy(near.index[:, rank]).to(query.device)]
    return normalize(joined, dim=1)
