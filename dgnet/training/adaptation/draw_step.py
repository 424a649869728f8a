"""What E_s, G and D learn in a step of adaptation: to draw the people of two domains in each other's clothes.

The images x_i are a doubled batch. Its first half are images of the domain that is adapted to, the *target*, each with
the cluster k_i that it is in; its second half are images of labelled people, the *source*, or further images of the
target where there is no source. So x_ij = G(a_i, s_j) wears the clothes of one domain and has the body, pose and place
of the other. x_i' is another image of i's cluster, or of the same person of the source. With g the mean teacher, whose
codes are a_i, sums over both directions, and C_u, tau as in `step`:

    L_image    = |x_i - G(a_i, s_i)| + |x_i - G(a_i', s_i)|
    L_adv      = 2 (D(x_ij) - 1)^2,   and for D: D(x_ij)^2 + (D(x_i) - 1)^2 + R1
    L_code     = |a_i - g(x_ij)| + |s_j - E_s(x_ij)|
    L_redress  = |x_i - G(a_i', E_s(x_i redressed))|
    L_id       = - mean_{u in P_i} log p_g(u | x_ij)        for i of the target

E_a learns nothing here: `step` feeds it what was drawn in the clothes of the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dgnet.config.drawing import DrawingConfig
from dgnet.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from dgnet.losses.reconstruction import l1
from dgnet.models.appearance import AppearanceEncoder
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.retrieval.rows import FINE, PRIM
from dgnet.training.adaptation.features import unit_of
from dgnet.training.adaptation.memory import Memory
from dgnet.training.execution.modes import frozen
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.redress import redress, swap_halves


@dataclass(frozen=True)
class Artists:
    """Who draws: E_s and G of `model`, D, and the mean teacher g, in eval mode; `alpha` is the weight of f_fine."""

    model: DGNet
    discriminator: Discriminator
    mean: AppearanceEncoder
    alpha: float


@dataclass(frozen=True)
class DrawBatch:
    """A doubled batch: images 2B x 3 x H x W, partners of the same people, and the images relit, as E_s sees them.

    `cluster` has one number for each image of the target; these are the first ones.
    """

    x: Tensor
    x_partner: Tensor
    x_relit: Tensor
    cluster: Tensor


def draw_step(
    artists: Artists,
    optimizers: Optimizers,
    batch: DrawBatch,
    memory: Memory,
    weights: DrawingConfig,
    *,
    penalise: bool,
    structure_alone: bool,
    autocast: torch.autocast,
) -> tuple[list[tuple[str, Tensor]], Tensor]:
    """Update D, then E_s and G.

    Args:
        penalise: add the R1 penalty in this step.
        structure_alone: the coin of L_recon^code2: if true, it trains E_s alone.

    Returns:
        The terms by name, unweighted and detached; and the images drawn in clothes of the target: x_ij and
        G(a_i', s_i).
    """
    E_s, G = artists.model.structure_encoder, artists.model.decoder
    D, g = artists.discriminator, artists.mean
    x, num_target = batch.x, len(batch.cluster)
    optimizers.discriminator.zero_grad()
    optimizers.zero_generator()

    # Codes and images.
    with autocast:
        with torch.no_grad():
            a, a_partner = g.code(torch.cat([x, batch.x_partner])).chunk(2)
        s = E_s(batch.x_relit)
        drawn = G(torch.cat([a, a_partner, a]), torch.cat([s, s, swap_halves(s)]))
    x_self, x_partner_self, x_swap = drawn.float().chunk(3)
    image, partner_image = l1(x_self, x), l1(x_partner_self, x)
    # Each network that judges x_ij adds its gradient to x_ij.grad, and its graph is freed before the next one runs.
    x_ij = x_swap.detach().requires_grad_()

    # D learns to tell the images of both domains from what is drawn.
    x_real = x.detach().requires_grad_(penalise)
    with autocast:
        real, fake = D(x_real), D(x_ij.detach())
    discriminator = discriminator_loss(real, fake)
    total = discriminator
    if penalise:
        total = total + weights.r1 * weights.r1_every * gradient_penalty(real, x_real)
    torch.autograd.backward(total, inputs=list(D.parameters()))
    optimizers.discriminator.step()

    # G and E_s learn to draw images that D takes for real, ...
    with autocast, frozen(D):
        adversarial = generator_loss(D(x_ij))
    torch.autograd.backward(weights.adversarial * adversarial)

    # ... that the mean teacher takes for person i, ...
    with autocast:
        seen = g(x_ij)
    code_a = l1(seen.a, a)
    f = unit_of({PRIM: seen.prim.feature, FINE: seen.fine.feature}, artists.alpha)[:num_target]
    id_generated = 2 * memory.cross_entropy(memory.log_p(f), batch.cluster).sum() / len(x)
    torch.autograd.backward(weights.code_a * code_a + weights.id_generated * id_generated)

    # ... and that have the structure of person j.
    with autocast, frozen(E_s, active=not structure_alone):
        s_seen = E_s(x_ij.detach() if structure_alone else x_ij)
    code_s = l1(E_s.learnt(s_seen), E_s.learnt(swap_halves(s)).detach())
    torch.autograd.backward(weights.code_s * code_s)

    # Clothes belong in the appearance code alone: E_s sees x_i redressed, and G with a_i' must still give x_i.
    x_redressed = redress(E_s, G, x, x_self, x_ij, a, autocast)
    with autocast:
        x_from_redressed = G(a_partner, E_s(x_redressed))
    redressed = l1(x_from_redressed, x)
    torch.autograd.backward(weights.redressed * redressed)

    # The reconstructions, and all gradients gathered at x_ij, go back through the first graph to G and E_s.
    reconstruction = weights.image * image + weights.partner_image * partner_image
    torch.autograd.backward((reconstruction, x_swap), (None, x_ij.grad))
    optimizers.step_generator()

    terms = {
        "image": image,
        "partner_image": partner_image,
        "adversarial": adversarial,
        "discriminator": discriminator,
        "code_a": code_a,
        "id_generated": id_generated,
        "code_s": code_s,
        "redressed": redressed,
    }
    worn = torch.cat([x_ij[:num_target], x_partner_self[:num_target]])
    return [(name, term.detach()) for name, term in terms.items()], worn.detach()
