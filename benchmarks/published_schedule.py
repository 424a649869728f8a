"""The joint step written in the straightforward way, with dgnet's networks and losses but no work shared or saved.

The two directions (i, j) and (j, i) run separately, sixteen passes of a backbone in all. The frozen networks are deep
copies, made anew in every step. The pass that gives the appearance codes keeps its graph although the codes are
detached. D's parameters get gradients that nobody uses. There is one backward pass for all terms but D's. The decoder
doubles its maps before it convolves them. All is float32, in contiguous memory.

It computes the terms that `joint_step` computes, but for `redressed`, which is not published
(`tests/training/optim/test_published_schedule.py` checks this). `joint_step.py` compares dgnet's step with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet.config import LossConfig
from dgnet.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from dgnet.losses.identity import cross_entropy, divergence
from dgnet.losses.labels import soft_label
from dgnet.losses.reconstruction import l1
from dgnet.models.decoder import Decoder
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.execution.modes import generated_statistics
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights


def published_step(
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
    """Update all networks, with every published term on; `autocast` is not used (`joint_step` has it)."""
    del autocast
    E_a, E_s, G = networks.model.appearance_encoder, networks.model.structure_encoder, networks.model.decoder
    D, T = networks.discriminator, networks.teacher
    x_i, x_j = batch.x.chunk(2)
    x_ti, x_tj = batch.x_partner.chunk(2)
    erased_i, erased_j = batch.x_erased.chunk(2)
    erased_ti, erased_tj = batch.x_partner_erased.chunk(2)
    y_i, y_j = batch.label.chunk(2)

    # Codes and images.
    a_i, a_j, a_ti, a_tj = (E_a(x).a.detach() for x in (x_i, x_j, x_ti, x_tj))
    s_i, s_j = (E_s(x) for x in batch.x_relit.chunk(2))
    x_ii, x_jj = G(a_i, s_i), G(a_j, s_j)
    x_tii, x_tjj = G(a_ti, s_i), G(a_tj, s_j)
    x_ij, x_ji = G(a_i, s_j), G(a_j, s_i)

    # D.
    optimizers.discriminator.zero_grad()
    real_i, real_j = (x.detach().clone().requires_grad_(penalise) for x in (x_i, x_j))
    scores = [(D(real), real, D(fake.detach())) for real, fake in ((real_i, x_ij), (real_j, x_ji))]
    discriminator = both(*(discriminator_loss(real, fake) for real, _, fake in scores))
    r1 = both(*(gradient_penalty(real, x) for real, x, _ in scores)) if penalise else None
    torch.autograd.backward(discriminator if r1 is None else discriminator + loss.r1 * loss.r1_every * r1)
    optimizers.discriminator.step()

    # Everything else, in one graph.
    optimizers.generator.zero_grad()
    optimizers.appearance.zero_grad()
    image = both(l1(x_ii, x_i), l1(x_jj, x_j))
    partner_image = both(l1(x_tii, x_i), l1(x_tjj, x_j))
    adversarial = both(generator_loss(D(x_ij)), generator_loss(D(x_ji)))

    E_a_frozen, E_s_frozen = (copy.deepcopy(network).requires_grad_(False) for network in (E_a, E_s))
    with generated_statistics(E_a_frozen, loss.train_bn):
        seen_ij, seen_ji = E_a_frozen(x_ij), E_a_frozen(x_ji)
    id_generated = both(cross_entropy(seen_ij.prim.logits, y_i), cross_entropy(seen_ji.prim.logits, y_j))
    code_a = both(l1(seen_ij.a, a_i), l1(seen_ji.a, a_j))
    if structure_alone:
        s_ij, s_ji = E_s(x_ij.detach()), E_s(x_ji.detach())
    else:
        s_ij, s_ji = E_s_frozen(x_ij), E_s_frozen(x_ji)
    learnt = E_s.learnt
    code_s = both(l1(learnt(s_ij), learnt(s_j).detach()), l1(learnt(s_ji), learnt(s_i).detach()))
    x_iji, x_jij = G(seen_ij.a.detach(), s_ji), G(seen_ji.a.detach(), s_ij)
    cycle = both(l1(x_iji, x_i), l1(x_jij, x_j))

    real = [E_a(x) for x in (erased_i, erased_j, erased_ti, erased_tj)]
    anchors = both(cross_entropy(real[0].prim.logits, y_i), cross_entropy(real[1].prim.logits, y_j))
    partners = both(cross_entropy(real[2].prim.logits, y_i), cross_entropy(real[3].prim.logits, y_j))
    id_real = anchors + partners
    fine_real = both(cross_entropy(real[0].fine.logits, y_i), cross_entropy(real[1].fine.logits, y_j))

    with generated_statistics(E_a, loss.train_bn):
        fed_ij, fed_ji = E_a(x_ij.detach()), E_a(x_ji.detach())
    q_ij, q_ji = (soft_label(loss.labels, labels(T, x, loss), y_i, y_j) for x in (x_ij, x_ji))
    prim = both(divergence(fed_ij.prim.logits, q_ij), divergence(fed_ji.prim.logits, q_ji))
    fine = both(cross_entropy(fed_ij.fine.logits, y_j), cross_entropy(fed_ji.fine.logits, y_i))

    total = loss.image * image + loss.partner_image * partner_image + loss.adversarial * adversarial
    total = total + loss.id_generated * id_generated + ramped.code_a * code_a + ramped.code_s * code_s
    total = total + ramped.cycle * cycle + loss.id_real * id_real
    total = total + ramped.prim * prim + ramped.fine * (fine + fine_real)
    torch.autograd.backward(total)
    optimizers.generator.step()
    optimizers.appearance.step()

    terms = Terms(
        image=image,
        partner_image=partner_image,
        adversarial=adversarial,
        discriminator=discriminator,
        r1=r1,
        id_real=id_real,
        fine_real=fine_real,
        id_generated=id_generated,
        code_a=code_a,
        code_s=code_s,
        cycle=cycle,
        prim=prim,
        fine=fine,
    )
    return Terms(**{name: value.detach() for name, value in terms.items()})


def double_before_convolving(G: Decoder) -> None:
    """Make G's upsampling units compute their definition step by step: nearest x2, reflection pad, 5x5 convolution."""
    for unit in G.upsample:

        def convolve(x: Tensor, conv: torch.nn.Module = unit.conv) -> Tensor:
            return conv(F.pad(F.interpolate(x, scale_factor=2), (2, 2, 2, 2), mode="reflect"))

        unit.convolve = convolve


def both(one: Tensor, other: Tensor) -> Tensor:
    """The sum over both directions of the mean over each; halved, because each loss is already twice a mean."""
    return (one + other) / 2


@torch.no_grad()
def labels(T: Callable[[Tensor], Tensor], x: Tensor, loss: LossConfig) -> Tensor:
    """T's softmax, N x C: the mean over each image and its mirror."""
    with generated_statistics(T, loss.train_bn):  # type: ignore[arg-type]
        return (T(x).softmax(dim=1) + T(x.flip(3)).softmax(dim=1)) / 2
