"""One step of adaptation: the network learns to tell clusters apart, helped by its own running average.

With images x_i of cluster k_i, f the student's feature and g the mean teacher's, both of length 1, C_u the centres in
the memory (one for each cluster and camera), P_i the centres of cluster k_i, and the temperature tau:

    p_i(u)    = softmax_u(f(x_i erased) . C_u / tau)
    q_i(u)    = softmax_u(g(x_i) . C_u / tau)
    L_cluster = - mean_i mean_{u in P_i} log p_i(u)
    L_soft    = - mean_i sum_u q_i(u) log p_i(u)
    L_fed     = - mean_n sum_u q(u | x_n) log p(u | x_n)       over images x_n that G has just drawn (`draw_step`)
    student  <- student - optimiser's step on L_cluster + soft L_soft + fed L_fed
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
from dgnet.training.adaptation.memory import Memory
from dgnet.training.execution.modes import generated_statistics
from dgnet.training.optim.optimizers import average_into


@dataclass(frozen=True)
class Pair:
    """The student, in training mode, and its mean teacher, in eval mode; `alpha` is the weight of f_fine."""

    student: Describer
    teacher: Describer
    alpha: float


@dataclass(frozen=True)
class AdaptBatch:
    """Images B x 3 x H x W, the same images varied and erased, the cluster that each is in (B), and drawn images."""

    x: Tensor
    x_erased: Tensor
    cluster: Tensor
    x_drawn: Tensor | None = None


@dataclass(frozen=True)
class AdaptTerms:
    """The losses of a step, detached; the fraction of images whose most similar centre is of their cluster; f."""

    cluster: Tensor
    soft: Tensor
    accuracy: Tensor
    feature: Tensor
    fed: Tensor | None = None


def adapt_step(
    pair: Pair,
    optimizer: Optimizer,
    batch: AdaptBatch,
    memory: Memory,
    settings: AdaptConfig,
    fed: float,
    autocast: torch.autocast,
) -> AdaptTerms:
    """Take one step; the memory is not changed. `fed` is the weight of drawn images, if there are any."""
    with autocast:
        f = unit_feature(pair.student, batch.x_erased, pair.alpha)
        with torch.no_grad():
            g = unit_feature(pair.teacher, batch.x, pair.alpha)

    log_p, q = memory.log_p(f), memory.log_p(g).exp()
    L_cluster = memory.cross_entropy(log_p, batch.cluster).mean()
    L_soft = -(q * log_p).sum(dim=1).mean()
    optimizer.zero_grad()
    torch.autograd.backward(L_cluster + settings.soft * L_soft)

    L_fed = None
    if batch.x_drawn is not None and fed:
        with autocast:
            with torch.no_grad():
                g_drawn = unit_feature(pair.teacher, batch.x_drawn, pair.alpha)
            with generated_statistics(pair.student, train_bn=True):
                f_drawn = unit_feature(pair.student, batch.x_drawn, pair.alpha)
        L_fed = -(memory.log_p(g_drawn).exp() * memory.log_p(f_drawn)).sum(dim=1).mean()
        torch.autograd.backward(fed * L_fed)
        L_fed = L_fed.detach()

    optimizer.step()
    follow(pair.teacher, pair.student, settings.ema)
    accuracy = memory.own(batch.cluster).gather(1, log_p.argmax(dim=1, keepdim=True)).mean()
    return AdaptTerms(L_cluster.detach(), L_soft.detach(), accuracy, f.detach(), L_fed)


def follow(teacher: Describer, student: Describer, ema: float) -> None:
    """teacher <- ema teacher + (1 - ema) student: the weights, and the running statistics of batch norms."""
    pairs = zip(teacher.state_dict().values(), student.state_dict().values(), strict=True)
    floating = [(old, new) for old, new in pairs if old.is_floating_point()]
    average_into([old for old, _ in floating], [new for _, new in floating], ema)
