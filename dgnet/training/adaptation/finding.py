"""The clusters of an epoch: finding them, what is said about them, and when nothing more can be learnt from them."""

from __future__ import annotations

import numpy as np

from dgnet.config import AdaptConfig
from dgnet.data.batches.pairs import Indices
from dgnet.errors import DgnetError
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.clustering.copies import without_crowds
from dgnet.retrieval.clustering.dbscan import COPY, OUTLIER, Clustering, best_clustering, cluster
from dgnet.retrieval.features.camera_means import each_without_its_cameras_mean
from dgnet.retrieval.features.extract import Float32Array
from dgnet.retrieval.ranking.jaccard import jaccard_distances
from dgnet.training.adaptation.clusters import Clusters


class AdaptError(DgnetError, ValueError):
    """These images cannot be learnt from; the message says what was found and what to do."""


def find_clusters(
    features: Float32Array, camids: Indices, alike: float, settings: AdaptConfig, *, first: bool
) -> Clustering:
    """Clusters of the images with these features, each less the mean of its camera; eps as set, or by their score.

    Of images that are more similar than `alike`, no more than `adapt.copies` are clustered (`without_crowds`); the
    others are labelled COPY.

    Args:
        camids: the camera of each image; all the same where cameras are unknown.
        first: these are the features of the start.

    Raises:
        AdaptError: at the start, fewer than two clusters are found. Later there are then no clusters.
    """
    try:
        kept = np.arange(len(features))
        if settings.copies:
            kept = without_crowds(features, alike, settings.copies)
        if len(kept) < settings.k1 + 2:
            raise AdaptError(
                f"no clusters can be found: of {len(features)} images, all but {len(kept)} are near copies of others, "
                f"and at least {settings.k1 + 2} are needed (adapt.k1 + 2). Look at the images: are they of different "
                "people, and can the model tell them apart?"
            )
        found = _clusters(each_without_its_cameras_mean(features[kept], camids[kept]), settings)
        if first:
            require_clusters(found, settings)
    except AdaptError:
        if first:
            raise
        return Clustering(np.full(len(features), OUTLIER), np.zeros(len(features), np.float32), settings.eps)
    labels, silhouettes = np.full(len(features), COPY), np.zeros(len(features), dtype=np.float32)
    labels[kept], silhouettes[kept] = found.labels, found.silhouettes
    return Clustering(labels, silhouettes, found.eps)


def _clusters(features: Float32Array, settings: AdaptConfig) -> Clustering:
    try:
        distances = jaccard_distances(features, k1=settings.k1, k2=settings.k2)
    except EvaluationError as error:
        raise AdaptError(
            f"no clusters can be found: {error}. Look at the images: are they of different people?"
        ) from error
    if settings.eps:
        return cluster(distances, settings.min_samples, settings.eps)
    return best_clustering(distances, settings.min_samples)


def require_clusters(found: Clustering, settings: AdaptConfig) -> None:
    """Raise AdaptError if the start finds fewer than two clusters: there is nobody to tell apart."""
    if found.num_clusters >= 2:
        return
    eps = f"eps {settings.eps:g} (adapt.eps)" if settings.eps else "every eps that was tried"
    what = "no clusters" if found.num_clusters == 0 else "one cluster alone"
    raise AdaptError(
        f"{what} with {eps}: the model finds no groups of images that look like one person each. People must come more "
        f"than once (adapt.min_samples is {settings.min_samples}), and a model that recognises some of them already "
        "is needed to start from"
    )


def why_stop(epoch: int, found: Clustering, clusters: Clusters, settings: AdaptConfig) -> str:
    """Why adaptation ends before its last epoch; empty where it goes on."""
    best = int(clusters.best)
    if found.num_clusters < 2:
        return f"epoch {epoch}: fewer than two clusters are left, so adaptation ends; epoch {best} is kept"
    if epoch - best >= settings.patience and epoch < settings.epochs:
        return f"the clusters' score has not risen for {epoch - best} epochs; adaptation ends, epoch {best} is kept"
    return ""


def figures_of(found: Clustering) -> dict[str, float]:
    """What the log says about an epoch's clusters."""
    outliers, copies = (int((found.labels == label).sum()) for label in (OUTLIER, COPY))
    figures = {"clusters": found.num_clusters, "outliers": outliers, "copies": copies}
    return {**figures, "eps": found.eps, "score": found.score}


def in_words(epoch: int, found: Clustering) -> str:
    """One line about an epoch's clusters."""
    copies = int((found.labels == COPY).sum())
    rest = f", {copies} near copies left out" if copies else ""
    return (
        f"epoch {epoch}: {found.num_clusters} clusters with {found.share:.0%} of the images, "
        f"eps {found.eps:g}, score {found.score:.3f}{rest}"
    )
