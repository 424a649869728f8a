"""One step of adaptation: the network learns to tell clusters apart, helped by its own running average.

With images x_i of cluster k_i, f the student's feature and g the mean teacher's, both of length 1, C_u the centres in
the memory (one for each cluster and camera), P_i the centres of cluster k_i, and the temperature tau:

    p_i(u)    = softmax_u(f(x_i erased) . C_u / tau)
    q_i(u)    = softmax_u(g(x_i) . C_u / tau)
    L_cluster = - mean_i mean_{u in P_i} log p_i(u)
    L_soft    = - mean_i sum_u q_i(u) log p_i(u)
    student  <- student - optimiser's step on L_cluster + soft L_soft
    teacher  <- ema teacher + (1 - ema) student

Without cameras a cluster has one centre, and L_cluster is the loss of Cluster Contrast (Dai et al. 2021). With cameras
an image is pulled to the centres of its cluster by all cameras. L_soft is the mean teacher's (Ge et al. 2020): where a
cluster is wrong, the average of many networks is a milder judge than the cluster's label.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from dgnet.config import AdaptConfig
from dgnet.training.adaptation.features import Describer, unit_feature
from dgnet.training.optim.optimizers import average_into


@dataclass(frozen=True)
class Pair:
    """The student, in training mode, and its mean teacher, in eval mode; `alpha` is the weight of f_fine."""

    student: Describer
    teacher: Describer
    alpha: float


@dataclass(frozen=True)
class AdaptBatch:
    """Images B x 3 x H x W, the same images varied and erased, and the cluster that each is in (B)."""

    x: Tensor
    x_erased: Tensor
    cluster: Tensor


@dataclass(frozen=True)
class AdaptTerms:
    """The losses of a step, detached; the fraction of images whose most similar centre is of their cluster; f."""

    cluster: Tensor
    soft: Tensor
    accuracy: Tensor
    feature: Tensor


def adapt_step(
    pair: Pair,
    optimizer: Optimizer,
    batch: AdaptBatch,
    centres: Tensor,
    cluster_of: Tensor,
    settings: AdaptConfig,
    autocast: torch.autocast,
) -> AdaptTerms:
    """Take one step; the memory (`centres` M x F of the clusters `cluster_of`, M) is not changed."""
    with autocast:
        f = unit_feature(pair.student, batch.x_erased, pair.alpha)
        with torch.no_grad():
            g = unit_feature(pair.teacher, batch.x, pair.alpha)

    log_p = torch.log_softmax(f @ centres.T / settings.temperature, dim=1)
    q = torch.softmax(g @ centres.T / settings.temperature, dim=1)
    own = (cluster_of == batch.cluster[:, None]).float()
    L_cluster = -(own * log_p).sum(dim=1).div(own.sum(dim=1)).mean()
    L_soft = -(q * log_p).sum(dim=1).mean()

    optimizer.zero_grad()
    torch.autograd.backward(L_cluster + settings.soft * L_soft)
    optimizer.step()
    follow(pair.teacher, pair.student, settings.ema)
    accuracy = own.gather(1, log_p.argmax(dim=1, keepdim=True)).mean()
    return AdaptTerms(L_cluster.detach(), L_soft.detach(), accuracy, f.detach())


def follow(teacher: Describer, student: Describer, ema: float) -> None:
    """teacher <- ema teacher + (1 - ema) student: the weights, and the running statistics of batch norms."""
    pairs = zip(teacher.state_dict().values(), student.state_dict().values(), strict=True)
    floating = [(old, new) for old, new in pairs if old.is_floating_point()]
    average_into([old for old, _ in floating], [new for _, new in floating], ema)
