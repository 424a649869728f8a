"""Examples to look at: what each chosen query retrieves, and which queries are hardest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval.arrays import FeatureArray, Int64Array, LabelArray, feature_matrix, same_width
from dgnet.retrieval.kernel.neighbours import stable_top
from dgnet.retrieval.ranking.matches import index_truth
from dgnet.retrieval.ranking.ranks import MatchRanks, score_queries


@dataclass(frozen=True)
class TopGallery:
    """For M queries the positions of their k best kept gallery images, M×k; -1 where fewer than k are kept.

    `correct` marks the images of the query's person.
    """

    query: Int64Array
    index: Int64Array
    similarity: npt.NDArray[np.float32]
    correct: npt.NDArray[np.bool_]


def top_gallery(
    queries: Sequence[int] | Int64Array,
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    k: int = 10,
) -> TopGallery:
    """The k best gallery images of the chosen queries, given by position; dropped images are left out (`matches`)."""
    query = feature_matrix(query_features, "query features")
    gallery = feature_matrix(gallery_features, "gallery features", query.device)
    same_width(query, gallery)
    sizes = len(query), len(gallery)
    truth = index_truth(query_pids, gallery_pids, query_camids, gallery_camids, *sizes, query_images, gallery_images)
    chosen = np.asarray(queries, dtype=np.int64)
    similarity = query[torch.from_numpy(chosen).to(query.device)] @ gallery.T
    correct = np.zeros((len(chosen), len(gallery)), dtype=bool)
    for row, position in enumerate(chosen):
        matches, dropped = truth.split(int(position))
        correct[row, matches] = True
        similarity[row, torch.from_numpy(np.concatenate([dropped, truth.junk])).to(query.device)] = -torch.inf
    values, places = (part.cpu().numpy() for part in stable_top(similarity, min(k, len(gallery))))
    return TopGallery(
        query=chosen,
        index=np.where(np.isfinite(values), places, -1),
        similarity=values,
        correct=np.take_along_axis(correct, places, axis=1),
    )


def hardest_queries(ranks: MatchRanks, num: int) -> Int64Array:
    """The `num` valid queries of lowest AP (step), hardest first."""
    scores = score_queries(ranks)
    return scores.query[np.argsort(scores.ap_step, kind="stable")[:num]]
