"""The joint step: everything DG-Net does with one batch, in the order of docs/method.md."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from dgnet.config import LossConfig
from dgnet.losses.identity import cross_entropy, divergence
from dgnet.losses.labels import soft_label
from dgnet.losses.triplet import triplet
from dgnet.models.appearance import Teacher
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.draw_pairs import draw_pairs, drawn_swaps, learns_from_pairs, true_swap_error
from dgnet.training.execution.modes import generated_statistics
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.redress import swap_halves


def joint_step(
    networks: Networks,
    optimizers: Optimizers,
    batch: Batch,
    ramped: RampedWeights,
    loss: LossConfig,
    *,
    penalise: bool,
    structure_alone: bool,
    autocast: torch.autocast,
) -> Terms:
    """Update D, E_s + G, and E_a, each once.

    Args:
        ramped: the weights that depend on the step; passes that no weight needs are left out (`Passes`).
        loss: the constant weights, the label strategy and the switches.
        penalise: add the R1 penalty in this step, with `loss.r1_every` times its weight.
        structure_alone: the outcome of the fair coin of L_recon^code2. If true, the term trains E_s alone (x_ij
            detached); else it trains G and E_s through a frozen E_s.
        autocast: the precision of the networks' arithmetic; losses are computed in float32.
    """
    E_a, T, needs = networks.model.appearance_encoder, networks.teacher, ramped.needs
    y_i, y_j = batch.label, swap_halves(batch.label)
    for optimizer in optimizers.named().values():
        optimizer.zero_grad()

    # D learns to tell x_i from x_ij; E_s and G learn to draw x_ij, ...
    x_ij, terms = None, Terms()
    if learns_from_pairs(loss, needs):
        x_ij, terms = draw_pairs(
            networks,
            optimizers,
            batch,
            ramped,
            loss,
            penalise=penalise,
            structure_alone=structure_alone,
            autocast=autocast,
        )
    elif needs.feeding:
        x_ij = drawn_swaps(networks.model, batch, loss, autocast)

    # ... and learn from true swaps, where some are known.
    true_swap = None
    if batch.true_i is not None and batch.true_j is not None and batch.true_ij is not None:
        true_swap = true_swap_error(networks.model, batch.true_i, batch.true_j, batch.true_ij, loss, autocast)
        torch.autograd.backward(loss.true_swap * true_swap)

    # E_a learns from real images, ...
    id_real = fine_real = apart = None
    if loss.id_real or loss.triplet or needs.feeding:
        num_pairs, (x_real, y_real) = 2 * len(y_i), batch.real()
        with autocast:
            real_seen = E_a(x_real)
        id_real = 2 * cross_entropy(real_seen.prim.logits, y_real, loss.smoothing)  # of x_i and of x_t
        total = loss.id_real * id_real
        if needs.feeding:
            fine_real = cross_entropy(real_seen.fine.logits[: len(y_i)], y_i, loss.smoothing)
            total = total + ramped.fine * fine_real
        if loss.triplet:
            apart = triplet(real_seen.prim.feature[:num_pairs], y_real[:num_pairs])
            total = total + loss.triplet * apart
        torch.autograd.backward(total)

    # ... from images that were generated before and written as a data set, ...
    id_synthetic = None
    if batch.x_synthetic is not None and batch.q_synthetic is not None:
        with autocast, generated_statistics(E_a, loss.train_bn):
            written = E_a(batch.x_synthetic)
        id_synthetic = cross_entropy(written.prim.logits, batch.q_synthetic, loss.smoothing)
        torch.autograd.backward(loss.id_real * id_synthetic)

    # ... and from the images x_ij just generated (the paper's online feeding).
    prim = fine = None
    if x_ij is not None and needs.feeding:
        with autocast, generated_statistics(E_a, loss.train_bn):
            fed = E_a(x_ij)
        q = soft_label(loss.labels, teacher_probabilities(T, x_ij, loss, autocast), y_i, y_j)
        prim, fine = divergence(fed.prim.logits, q), cross_entropy(fed.fine.logits, y_j)
        torch.autograd.backward(ramped.prim * prim + ramped.fine * fine)
    optimizers.step_generator()
    optimizers.appearance.step()

    terms = replace(
        terms,
        id_real=id_real,
        id_synthetic=id_synthetic,
        fine_real=fine_real,
        triplet=apart,
        true_swap=true_swap,
        prim=prim,
        fine=fine,
    )
    return Terms(**{name: value.detach() for name, value in terms.items()})


@torch.no_grad()
def teacher_probabilities(T: Teacher, x: Tensor, loss: LossConfig, autocast: torch.autocast) -> Tensor:
    """The mean of T's softmax over each image and its mirror, N x C.

    Images and mirrors are two batches, so batch norm computes its statistics for each of them separately.
    """
    T.head.dropout.train(loss.teacher_dropout)
    with autocast, generated_statistics(T, loss.train_bn):
        views = [T(x), T(x.flip(3))]
    T.head.dropout.eval()
    return torch.stack([view.float().softmax(dim=1) for view in views]).mean(dim=0)
