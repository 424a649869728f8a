"""Least-squares adversarial terms (Mao et al. 2017), summed over D's scales, and the R1 gradient penalty."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def discriminator_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """mean D(x_ij)^2 + mean (D(x_i) - 1)^2, summed over scales and over both directions.

    Args:
        real, fake: one score map per scale, 2B x 1 x h x w, for x_i and for x_ij.
    """
    terms = [f.float().square().mean() + (r.float() - 1).square().mean() for r, f in zip(real, fake, strict=True)]
    return 2 * torch.stack(terms).sum()


def gradient_penalty(real: Sequence[Tensor], x: Tensor) -> Tensor:
    """R1: E ||grad_x sum D(x_i)||^2, summed over scales and over both directions.

    Args:
        real: one score map per scale, computed from `x`.
        x: real images 2B x 3 x H x W, requiring gradients.
    """
    terms = []
    for scores in real:
        (gradient,) = torch.autograd.grad(scores.float().sum(), x, create_graph=True)
        terms.append(gradient.float().square().sum(dim=(1, 2, 3)).mean())
    return 2 * torch.stack(terms).sum()


def generator_loss(fake: Sequence[Tensor]) -> Tensor:
    """2 mean (D(x_ij) - 1)^2, summed over scales and over both directions; `fake` as in `discriminator_loss`."""
    return 2 * torch.stack([2 * (f.float() - 1).square().mean() for f in fake]).sum()
