"""What a joint step is given, and what it tells: networks, a batch, and the terms of its losses."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator


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
    `x_more` are random-erased images that E_a alone sees, R x 3 x H x W, and `label_more` their labels.
    `x_synthetic` are random-erased images of a synthetic data set and `q_synthetic` their soft labels, S x C; `true_i`
    and `true_j` are images of pairs whose true swap is known, and `true_ij` those swaps, N x 3 x H x W each. None where
    there are none.
    """

    x: Tensor
    x_partner: Tensor
    x_erased: Tensor
    x_partner_erased: Tensor
    x_relit: Tensor
    label: Tensor
    x_more: Tensor | None = None
    label_more: Tensor | None = None
    x_synthetic: Tensor | None = None
    q_synthetic: Tensor | None = None
    true_i: Tensor | None = None
    true_j: Tensor | None = None
    true_ij: Tensor | None = None

    def real(self) -> tuple[Tensor, Tensor]:
        """The real images that E_a learns from, anchors first, then partners, and their labels."""
        x, label = [self.x_erased, self.x_partner_erased], [self.label, self.label]
        if self.x_more is not None and self.label_more is not None:
            x, label = [*x, self.x_more], [*label, self.label_more]
        return torch.cat(x), torch.cat(label)

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, without those that are None."""
        return {item.name: value for item in fields(self) if (value := getattr(self, item.name)) is not None}


@dataclass(frozen=True)
class Terms:
    """The terms of one step, unweighted and detached; None for a term that was not computed in this step."""

    id_real: Tensor | None = None
    id_synthetic: Tensor | None = None
    fine_real: Tensor | None = None
    triplet: Tensor | None = None
    image: Tensor | None = None
    partner_image: Tensor | None = None
    adversarial: Tensor | None = None
    discriminator: Tensor | None = None
    r1: Tensor | None = None
    id_generated: Tensor | None = None
    code_a: Tensor | None = None
    code_s: Tensor | None = None
    cycle: Tensor | None = None
    redressed: Tensor | None = None
    true_swap: Tensor | None = None
    prim: Tensor | None = None
    fine: Tensor | None = None

    def items(self) -> list[tuple[str, Tensor]]:
        """The computed terms by name."""
        pairs = [(item.name, getattr(self, item.name)) for item in fields(self)]
        return [(name, value) for name, value in pairs if value is not None]
