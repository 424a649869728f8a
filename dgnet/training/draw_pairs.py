"""What E_s, G and D learn in a joint step: steps 1 to 6 of docs/method.md, and what true swaps teach."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from dgnet.config import LossConfig
from dgnet.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from dgnet.losses.identity import cross_entropy
from dgnet.losses.reconstruction import l1
from dgnet.models.dgnet import DGNet
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.execution.modes import eagerly, frozen, generated_statistics, running_statistics
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import Passes, RampedWeights
from dgnet.training.redress import redress, swap_halves

CHANGED: Final = 0.15  # of a normalised channel, some nine grey levels of 255: more than a shadow


def learns_from_pairs(loss: LossConfig, needs: Passes) -> bool:
    """Whether any term of non-zero weight trains E_s and G by what they draw of a batch's pairs."""
    looked_at = needs.E_a_of_swap or needs.E_s_of_swap or needs.cycle or needs.redressed
    return bool(loss.image or loss.partner_image or loss.adversarial) or looked_at


@torch.no_grad()
def drawn_swaps(model: DGNet, batch: Batch, loss: LossConfig, autocast: torch.autocast) -> Tensor:
    """The swaps x_ij of a batch's pairs, 2B x 3 x H x W, for an E_a that learns from them while E_s and G do not."""
    with autocast, running_statistics(model.appearance_encoder, loss.running_codes):
        a = model.appearance_encoder.code(batch.x)
        return model.decoder(a, swap_halves(model.structure_encoder(batch.x_relit))).float()


def draw_pairs(
    networks: Networks,
    optimizers: Optimizers,
    batch: Batch,
    ramped: RampedWeights,
    loss: LossConfig,
    *,
    penalise: bool,
    structure_alone: bool,
    autocast: torch.autocast,
) -> tuple[Tensor, Terms]:
    """Swap the pairs, update D, and add gradients to those of E_s and G. Arguments are those of `joint_step`.

    Returns:
        The swaps x_ij, 2B x 3 x H x W and detached, and the terms.
    """
    E_a, E_s, G = networks.model.appearance_encoder, networks.model.structure_encoder, networks.model.decoder
    D, needs = networks.discriminator, ramped.needs
    x, x_partner, y_i = batch.x, batch.x_partner, batch.label

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
    return x_ij.detach(), Terms(
        image=image,
        partner_image=partner_image,
        adversarial=adversarial,
        discriminator=discriminator,
        r1=r1,
        id_generated=id_generated,
        code_a=code_a,
        code_s=code_s,
        cycle=cycle,
        redressed=redressed,
    )


def true_swap_error(
    model: DGNet, x_i: Tensor, x_j: Tensor, x_ij: Tensor, loss: LossConfig, autocast: torch.autocast
) -> Tensor:
    """||w (x_ij - G(a_i, s_j))||_1 of pairs whose swap x_ij is known, all N x 3 x H x W.

    w is 1 + `loss.true_swap_changed` where x_ij differs from x_j by CHANGED or more, and 1 elsewhere. E_a learns from
    it too, unless `loss.detach_appearance_code`.
    """
    E_a = model.appearance_encoder
    with autocast:
        with torch.set_grad_enabled(not loss.detach_appearance_code), running_statistics(E_a, loss.running_codes):
            a = E_a.code(x_i)
        drawn = model.decoder(a, model.structure_encoder(x_j))
    if not loss.true_swap_changed:
        return l1(drawn, x_ij)
    changed = (x_ij - x_j).abs().amax(dim=1, keepdim=True) >= CHANGED
    return l1(drawn, x_ij, 1 + loss.true_swap_changed * changed)
