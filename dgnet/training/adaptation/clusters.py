"""The clusters of an epoch and the memory of their centres: with the networks, the whole state of adaptation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.clustering.dbscan import OUTLIER, Clustering
from dgnet.retrieval.features.extract import Float32Array


class Clusters(nn.Module):
    """Which cluster each of N images is in, and a centre for each cluster and camera: the memory.

    All of it is buffers, so that it is saved with the networks and adaptation can stop and go on within an epoch.

    Args:
        camids: N, the camera of each image. Where cameras are unknown, all the same: then a cluster has one centre.
        num_epochs: how many epochs there are at most.
        num_features: the length of a feature.
    """

    epoch: Tensor  # the epoch that the clusters are of; -1 before the first
    labels: Tensor  # N, the cluster of each image, or a negative number
    centre_of: Tensor  # N, the centre that stands for each image's cluster and camera; -1 for images in none
    centres: Tensor  # M x F, of length 1
    cluster_of: Tensor  # M, the cluster that each centre belongs to
    scores: Tensor  # the score of the clusters of each epoch so far, and of the epochs to come -inf
    best: Tensor  # the epoch with the highest score so far
    best_labels: Tensor  # N, and the clusters there,
    best_silhouettes: Tensor  # N,
    best_eps: Tensor  # and eps

    def __init__(self, camids: Int64Array, num_epochs: int, num_features: int) -> None:
        super().__init__()
        number = len(camids)
        self.camids = camids
        nowhere = torch.full((number,), OUTLIER)
        self.register_buffer("epoch", torch.tensor(-1))
        self.register_buffer("labels", nowhere.clone())
        self.register_buffer("centre_of", nowhere.clone())
        self.register_buffer("centres", torch.zeros(1, num_features))
        self.register_buffer("cluster_of", torch.full((1,), OUTLIER))
        self.register_buffer("scores", torch.full((num_epochs + 1,), -torch.inf, dtype=torch.float64))
        self.register_buffer("best", torch.tensor(-1))
        self.register_buffer("best_labels", nowhere.clone())
        self.register_buffer("best_silhouettes", torch.zeros(number))
        self.register_buffer("best_eps", torch.zeros((), dtype=torch.float64))

    def take(self, epoch: int, features: Float32Array, found: Clustering) -> bool:
        """Begin an epoch with these clusters of the images, whose features are N x F. Returns whether it is the best.

        The centre of a cluster and camera is the mean of the features of its images by that camera, at length 1.
        """
        inside = np.flatnonzero(found.labels >= 0)
        pairs = np.stack([found.labels[inside], self.camids[inside]])
        owners, which = np.unique(pairs, axis=1, return_inverse=True)
        sums = np.zeros((max(1, owners.shape[1]), features.shape[1]), dtype=np.float64)
        np.add.at(sums, which, features[inside])
        centre_of = np.full(len(found.labels), -1)
        centre_of[inside] = which
        device = self.labels.device
        self.labels.copy_(torch.from_numpy(found.labels))
        self.centre_of.copy_(torch.from_numpy(centre_of))
        self.centres = normalize(torch.from_numpy(sums).float(), dim=1).to(device)
        self.cluster_of = torch.from_numpy(owners[0] if len(inside) else np.full(1, OUTLIER)).to(device)
        self.epoch.fill_(epoch)
        self.scores[epoch] = found.score
        better = bool(self.best < 0) or found.score > float(self.scores[int(self.best)])
        if better:
            self.best.fill_(epoch)
            self.best_labels.copy_(self.labels)
            self.best_silhouettes.copy_(torch.from_numpy(found.silhouettes))
            self.best_eps.fill_(found.eps)
        return better

    @property
    def best_clustering(self) -> Clustering:
        """The clusters of the best epoch."""
        labels, silhouettes = self.best_labels.cpu().numpy(), self.best_silhouettes.cpu().numpy()
        return Clustering(labels, silhouettes, float(self.best_eps))

    @torch.no_grad()
    def move(self, features: Tensor, centres: Tensor, momentum: float) -> None:
        """C <- normalised(momentum C + (1 - momentum) mean f), for each centre that stands for images of a batch.

        Args:
            features: B x F, of length 1.
            centres: B, the number of the centre that stands for each image.
        """
        moved, which = torch.unique(centres, return_inverse=True)
        member = (which[None] == torch.arange(len(moved), device=which.device)[:, None]).to(features.dtype)
        mean = member @ features / member.sum(dim=1, keepdim=True)
        self.centres[moved] = normalize(momentum * self.centres[moved] + (1 - momentum) * mean, dim=1)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        for name in ("centres", "cluster_of"):  # a file may hold more centres, or fewer
            found = state_dict.get(prefix + name)
            if found is not None:
                old = getattr(self, name)
                setattr(self, name, torch.empty(found.shape, dtype=old.dtype, device=old.device))
        super()._load_from_state_dict(state_dict, prefix, *others)
