"""Re-ranking by k-reciprocal encodings: the published formula, computed without an N×N matrix.

    distance(q, g) = (1 - lambda) * (1 - m / (2 - m)) + lambda * d_qg,   m = sum_j min(V_qj, V_gj)

with d_qg = (2 - 2 cos) divided by the greatest 2 - 2 cos of q with any query or gallery image, and V as in
`reciprocal`. Zhong et al. 2017 take k1 = 20, k2 = 6, lambda = 0.3. No label is used: junk and same-camera images take
part in the encodings, as they would in a real gallery, and are dropped only when ranks are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import normalize

from dgnet.retrieval.arrays import EvaluationError, FeatureArray, Int64Array, LabelArray, feature_matrix, same_width
from dgnet.retrieval.kernel.self_neighbours import self_neighbours
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES, Block, similarity_blocks
from dgnet.retrieval.kernel.sparse import Float32Array, SparseRows
from dgnet.retrieval.ranking.matches import index_truth
from dgnet.retrieval.ranking.ranks import MatchRanks, ranks_in
from dgnet.retrieval.ranking.reciprocal import reciprocal_encodings

K1 = 20
K2 = 6
LAMBDA = 0.3
KEEP_BYTES = 512 << 20  # query-gallery similarities up to this size are kept instead of being computed twice


@dataclass(frozen=True)
class Encoded:
    """Unit features, the encodings V of queries (by row) and gallery (by column), and each query's greatest 2 - 2 cos.

    `similarity` holds all Q×N similarities if they take at most KEEP_BYTES; else it is empty.
    """

    query: torch.Tensor
    gallery: torch.Tensor
    query_rows: SparseRows
    gallery_columns: SparseRows
    farthest: Float32Array
    similarity: Float32Array


def rerank_matches(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    query_pids: LabelArray,
    gallery_pids: LabelArray,
    query_camids: LabelArray | None = None,
    gallery_camids: LabelArray | None = None,
    query_images: LabelArray | None = None,
    gallery_images: LabelArray | None = None,
    *,
    k1: int = K1,
    k2: int = K2,
    lambda_: float = LAMBDA,
    block_bytes: int = BLOCK_BYTES,
    progress: bool = True,
) -> MatchRanks:
    """The rank of every true match after re-ranking; `rank_matches` gives the ranks without it."""
    sizes = len(query_features), len(gallery_features)
    truth = index_truth(query_pids, gallery_pids, query_camids, gallery_camids, *sizes, query_images, gallery_images)
    own = truth.query_of_gallery()
    encoded = encode(query_features, gallery_features, own, k1=k1, k2=k2, block_bytes=block_bytes, progress=progress)
    return ranks_in(negative_distances(encoded, lambda_, block_bytes=block_bytes, progress=progress), truth)


def rerank(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    *,
    k1: int = K1,
    k2: int = K2,
    lambda_: float = LAMBDA,
    block_bytes: int = BLOCK_BYTES,
    progress: bool = True,
) -> Float32Array:
    """The whole Q×N matrix of re-ranked distances, which has to fit in memory."""
    encoded = encode(query_features, gallery_features, k1=k1, k2=k2, block_bytes=block_bytes, progress=progress)
    distances = np.empty((len(encoded.query), len(encoded.gallery)), dtype=np.float32)
    for block in negative_distances(encoded, lambda_, block_bytes=block_bytes, progress=progress):
        rows = slice(block.start, block.start + len(block.similarity))
        np.negative(block.similarity.numpy(), out=distances[rows])
    return distances


def encode(
    query_features: FeatureArray,
    gallery_features: FeatureArray,
    own: Int64Array | None = None,
    *,
    k1: int = K1,
    k2: int = K2,
    block_bytes: int = BLOCK_BYTES,
    progress: bool = True,
) -> Encoded:
    """Encodings of queries and gallery, whose neighbours are sought in both together.

    Args:
        own: for each gallery image the query that is the same image, or -1. An image that is both counts once, so that
            no query has a copy of itself as a neighbour.

    Raises EvaluationError on impossible k1 or k2, and where the features of an image equal those of all others.
    """
    query = feature_matrix(query_features, "query features", "cpu")
    gallery = feature_matrix(gallery_features, "gallery features", "cpu")
    same_width(query, gallery)
    apart = np.arange(len(gallery)) if own is None else np.flatnonzero(own < 0)
    number, all_apart = len(query) + len(apart), len(apart) == len(gallery)
    if not 1 <= k1 < number:
        raise EvaluationError(f"k1: expected 1 to {number - 1} (all images but one), found {k1}")
    if not 1 <= k2 <= k1 + 1:
        raise EvaluationError(f"k2: expected 1 to k1 + 1 = {k1 + 1}, found {k2}")
    keep = len(query) if all_apart and 4 * len(query) * len(gallery) <= KEEP_BYTES else 0
    others = gallery if all_apart else gallery[torch.from_numpy(apart)]
    features = torch.cat([normalize(query, dim=1), normalize(others, dim=1)])
    place = np.zeros(len(gallery), dtype=np.int64) if own is None else own.copy()
    place[apart] = len(query) + np.arange(len(apart))
    neighbours = self_neighbours(features, k1 + 1, block_bytes=block_bytes, keep=keep, progress=progress)
    if (neighbours.lowest >= 1 - 1e-6).any():
        raise EvaluationError("an image's features equal all others': there is no distance to divide by")
    rows = reciprocal_encodings(features.numpy(), neighbours, k1, k2)
    return Encoded(
        query=features[: len(query)],
        gallery=features[len(query) :] if all_apart else features[torch.from_numpy(place)],
        query_rows=rows,
        gallery_columns=rows.take(place).transposed(number),
        farthest=2 - 2 * neighbours.lowest[: len(query)],
        similarity=neighbours.kept,
    )


def negative_distances(
    encoded: Encoded, lambda_: float = LAMBDA, *, block_bytes: int = BLOCK_BYTES, progress: bool = True
) -> Iterator[Block]:
    """Blocks of the negative of the re-ranked distance: as with similarities, the greatest value is the best match."""
    if not 0 <= lambda_ <= 1:
        raise EvaluationError(f"lambda: expected a fraction in [0, 1], found {lambda_}")
    for block in _similarities(encoded, block_bytes, progress):
        for query, row in enumerate(block.similarity.numpy(), start=block.start):
            # -(1 - lambda) - lambda (2 - 2 s) / farthest, in place
            scale = np.float32(2 * lambda_ / encoded.farthest[query])
            row *= scale
            row -= np.float32(1 - lambda_) + scale
            overlap = _overlap(encoded, query)
            near = np.flatnonzero(overlap > 0)
            row[near] += ((1 - lambda_) * overlap[near] / (2 - overlap[near])).astype(np.float32)
        yield block


def _similarities(encoded: Encoded, block_bytes: int, progress: bool) -> Iterator[Block]:
    """Blocks of query-gallery similarities: computed again, or, where they were kept, copied (blocks are changed)."""
    if not encoded.similarity.size:
        yield from similarity_blocks(
            encoded.query, encoded.gallery, block_bytes=block_bytes, progress=progress, what="re-ranking"
        )
        return
    buffer = np.empty((max(1, block_bytes // (4 * len(encoded.gallery))), len(encoded.gallery)), dtype=np.float32)
    for start in range(0, len(encoded.query), len(buffer)):
        kept = encoded.similarity[start : start + len(buffer)]
        block = buffer[: len(kept)]
        block[:] = kept
        yield Block(start, torch.from_numpy(block))


def _overlap(encoded: Encoded, query: int) -> np.ndarray:
    """sum_j min(V_qj, V_gj) for every gallery image g. Only images with an entry in a column of V_q are visited."""
    rows, columns = encoded.query_rows, encoded.gallery_columns
    own = slice(rows.starts[query], rows.starts[query + 1])
    entry, which = columns.entries_of(rows.columns[own].astype(np.int64))
    shared = np.minimum(columns.values[entry], rows.values[own][which])
    return np.bincount(columns.columns[entry], weights=shared, minlength=len(encoded.gallery))
