"""The memory of centres as losses see it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Memory:
    """Centres C_u (M x F, of length 1), the cluster that each belongs to (M), and the temperature tau."""

    centres: Tensor
    cluster_of: Tensor
    temperature: float

    def log_p(self, f: Tensor) -> Tensor:
        """log softmax_u(f . C_u / tau), B x M, of features B x F of length 1."""
        return torch.log_softmax(f @ self.centres.T / self.temperature, dim=1)

    def own(self, cluster: Tensor) -> Tensor:
        """1 where a centre belongs to an image's cluster, else 0: B x M, for the clusters of B images."""
        return (self.cluster_of == cluster[:, None]).float()

    def cross_entropy(self, log_p: Tensor, cluster: Tensor) -> Tensor:
        """-mean_{u in P_i} log p_i(u) of each image, B, with P_i the centres of its cluster."""
        own = self.own(cluster)
        return -(own * log_p).sum(dim=1).div(own.sum(dim=1))
