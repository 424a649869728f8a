"""The joint step: everything DG-Net does with one batch, in the order of docs/method.md."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from dgnet.config import LossConfig
from dgnet.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from dgnet.losses.identity import cross_entropy, divergence
from dgnet.losses.labels import soft_label
from dgnet.losses.reconstruction import l1
from dgnet.losses.triplet import triplet
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.execution.modes import eagerly, frozen, generated_statistics, running_statistics
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.redress import redress, swap_halves


@dataclass(frozen=True)
class Networks:
    """The five networks: E_a, E_s and G inside `model`, D, and the frozen T."""

    model: DGNet
    discriminator: Discriminator
    teacher: Teacher


@dataclass(frozen=True)
class Batch:
    """A doubled batch: 2B anchors (the first half are the images i, the second the images j) and their 2B partners.

    `x`, `x_partner` and their random-erased views are 2B x 3 x H x W. `x_relit`, of the same shape, is x under another
    light, which E_s sees in place of x (`dgnet.data.batches.relight`; x itself where that is off). `label` is 2B.
    `x_synthetic` are random-erased images of a synthetic data set and `q_synthetic` their soft labels, S x C; None
    where there are none.
    """

    x: Tensor
    x_partner: Tensor
    x_erased: Tensor
    x_partner_erased: Tensor
    x_relit: Tensor
    label: Tensor
    x_synthetic: Tensor | None = None
    q_synthetic: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, without those that are None."""
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name)) is not None}


@dataclass(frozen=True)
class Terms:
    """The terms of one step, unweighted and detached; None for a term that was not computed in this step."""

    image: Tensor
    partner_image: Tensor
    adversarial: Tensor
    discriminator: Tensor
    id_real: Tensor
    id_synthetic: Tensor | None = None
    fine_real: Tensor | None = None
    triplet: Tensor | None = None
    r1: Tensor | None = None
    id_generated: Tensor | None = None
    code_a: Tensor | None = None
    code_s: Tensor | None = None
    cycle: Tensor | None = None
    redressed: Tensor | None = None
    prim: Tensor | None = None
    fine: Tensor | None = None

    def items(self) -> list[tuple[str, Tensor]]:
        """The computed terms by name."""
        pairs = [(item.name, getattr(self, item.name)) for item in fields(self)]
        return [(name, value) for name, value in pairs if value is not None]


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
    E_a, E_s, G = networks.model.appearance_encoder, networks.model.structure_encoder, networks.model.decoder
    D, T, needs = networks.discriminator, networks.teacher, ramped.needs
    x, x_partner, y_i, y_j = batch.x, batch.x_partner, batch.label, swap_halves(batch.label)
    for optimizer in optimizers.named().values():
        optimizer.zero_grad()

    # Codes and images. a is detached: reconstruction never changes E_a.
    with autocast:
        with torch.set_grad_enabled(not loss.detach_appearance_code), running_statistics(E_a, loss.running_codes):
            a, a_partner = E_a.code(torch.cat([x, x_partner])).chunk(2)
        s = E_s(batch.x_relit)
        drawn = G(torch.cat([a, a_partner, a]), torch.cat([s, s, swap_halves(s)]))
    x_self, x_partner_self, x_swap = drawn.float().chunk(3)
    image, partner_image = l1(x_self, x), l1(x_partner_self, x)
    # Each network that judges x_ij adds its gradient to x_ij.grad, and its graph is freed before the next one runs.
    x_ij = x_swap.detach().requires_grad_()

    # D learns to tell x_i from x_ij.
    x_real = x.detach().requires_grad_(penalise)
    with autocast:
        with eagerly(active=penalise):
            real = D(x_real)
        fake = D(x_ij.detach())
    discriminator = discriminator_loss(real, fake)
    r1 = gradient_penalty(real, x_real) if penalise else None
    total = discriminator if r1 is None else discriminator + loss.r1 * loss.r1_every * r1
    torch.autograd.backward(total, inputs=list(D.parameters()))
    optimizers.discriminator.step()

    # G and E_s learn to draw images that D takes for real, ...
    with autocast, frozen(D):
        adversarial = generator_loss(D(x_ij))
    torch.autograd.backward(loss.adversarial * adversarial)

    # ... that a frozen E_a takes for person i, ...
    id_generated = code_a = code_s = cycle = redressed = None
    if needs.E_a_of_swap:
        with autocast, frozen(E_a), generated_statistics(E_a, loss.train_bn and not loss.running_codes):
            seen = E_a(x_ij)
        id_generated = cross_entropy(seen.prim.logits, y_i)
        code_a = l1(seen.a if loss.code1_gradient else seen.a.detach(), a.detach())
        torch.autograd.backward(ramped.id_generated * id_generated + ramped.code_a * code_a)

    # ... and from which both codes, and with them x_i, are found again.
    if needs.E_s_of_swap:
        with autocast, frozen(E_s, active=not structure_alone):
            s_seen = E_s(x_ij.detach() if structure_alone else x_ij)
        code_s = l1(E_s.learnt(s_seen), E_s.learnt(swap_halves(s)).detach())
        total = ramped.code_s * code_s
        if needs.cycle:
            with autocast:
                x_cycle = G(seen.a.detach(), swap_halves(s_seen))
            cycle = l1(x_cycle, x)
            total = total + ramped.cycle * cycle
        torch.autograd.backward(total)

    # Clothes belong in the appearance code alone: E_s sees x_i redressed, and G with a_t must still give x_i.
    if needs.redressed:
        x_redressed = redress(E_s, G, x, x_self, x_ij, a, autocast)
        with autocast:
            x_from_redressed = G(a_partner.detach(), E_s(x_redressed))
        redressed = l1(x_from_redressed, x)
        torch.autograd.backward(ramped.redressed * redressed)

    # The reconstructions, and all gradients gathered at x_ij, go back through the first graph to G and E_s.
    torch.autograd.backward((loss.image * image + loss.partner_image * partner_image, x_swap), (None, x_ij.grad))

    # E_a learns from real images, ...
    with autocast:
        real_seen = E_a(torch.cat([batch.x_erased, batch.x_partner_erased]))
    prim_real, prim_partner = real_seen.prim.logits.chunk(2)
    id_real = cross_entropy(prim_real, y_i, loss.smoothing) + cross_entropy(prim_partner, y_i, loss.smoothing)
    total, fine_real, apart = loss.id_real * id_real, None, None
    if needs.feeding:
        fine_real = cross_entropy(real_seen.fine.logits.chunk(2)[0], y_i, loss.smoothing)
        total = total + ramped.fine * fine_real
    if loss.triplet:
        apart = triplet(real_seen.prim.feature, torch.cat([y_i, y_i]))
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
    if needs.feeding:
        with autocast, generated_statistics(E_a, loss.train_bn):
            fed = E_a(x_ij.detach())
        q = soft_label(loss.labels, teacher_probabilities(T, x_ij.detach(), loss, autocast), y_i, y_j)
        prim, fine = divergence(fed.prim.logits, q), cross_entropy(fed.fine.logits, y_j)
        torch.autograd.backward(ramped.prim * prim + ramped.fine * fine)
    optimizers.step_generator()
    optimizers.appearance.step()

    terms = Terms(
        image=image,
        partner_image=partner_image,
        adversarial=adversarial,
        discriminator=discriminator,
        r1=r1,
        id_real=id_real,
        id_synthetic=id_synthetic,
        fine_real=fine_real,
        triplet=apart,
        id_generated=id_generated,
        code_a=code_a,
        code_s=code_s,
        cycle=cycle,
        redressed=redressed,
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
