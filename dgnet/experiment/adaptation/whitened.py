"""The last step of adaptation: the features are whitened by the clusters, as `dgnet whiten` does it by labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from dgnet.config import RunConfig
from dgnet.experiment.adaptation.images import AdaptData
from dgnet.experiment.whiten import unwhiten, whiten
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.clustering.dbscan import Clustering


def whiten_by_clusters(
    model: DGNet | Teacher, data: AdaptData, clusters: Clustering, config: RunConfig, device: torch.device
) -> tuple[str, str]:
    """Whiten an adapted model; what its start may have had is of no use any more.

    Returns:
        By what, for the model's card, and a note for the page.
    """
    if not config.adapt.whitening:
        unwhiten(model)
        return "nobody", "The features were not whitened (adapt.whitening is 0)."
    inside = np.flatnonzero(clusters.labels >= 0)
    images = replace(data.images, places=data.images.places[inside], camids=data.images.camids[inside])
    try:
        whiten(model, images, clusters.labels[inside], ridge=config.adapt.whitening, device=device)
    except EvaluationError as error:
        return "nobody", f"The features were not whitened: {error}."
    by = f"{len(inside)} images in {clusters.num_clusters} clusters of {data.dataset.name}"
    return by, f"In the end the features were whitened by {by} (adapt.whitening)."
