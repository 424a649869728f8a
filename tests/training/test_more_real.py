"""More real images than the doubled batch holds, which E_a alone sees."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet.config import LossConfig, RunConfig
from dgnet.data.batches.streams import MORE_REAL_SEED
from dgnet.data.people import Group, Identity, People
from dgnet.training.batch import Batch, Networks
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.joint import train_joint
from dgnet.training.log import read_log
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.session import Context
from dgnet.training.step import joint_step

PEOPLE = People((Group("noise", tuple(Identity(name, 4, name) for name in "abcd")),), "order")
FEEDING = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=1e-30, fine=0.0)
AUTOCAST = torch.autocast("cpu", enabled=False)


def test_they_share_the_norms_and_the_cross_entropy_of_anchors_and_partners(
    sure: Networks, batch: Batch, still: tuple[Optimizers, dict[str, Tensor]]
) -> None:
    """L_id^s stays four times a mean, now over all of them; L_fine and the triplet term know the pairs alone."""
    x_more = torch.randn(6, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    wider = replace(batch, x_more=x_more, label_more=torch.tensor([3, 1, 0, 2, 1, 1]))
    own = copy.deepcopy(sure.model.appearance_encoder)
    seen = own(torch.cat([wider.x_erased, wider.x_partner_erased, x_more]))
    label = torch.cat([wider.label, wider.label, torch.tensor([3, 1, 0, 2, 1, 1])])
    id_real = 4 * F.cross_entropy(seen.prim.logits, label)
    fine = 2 * F.cross_entropy(seen.fine.logits[:4], wider.label)
    torch.autograd.backward(id_real)
    optimizers, learnt = still
    loss = LossConfig(image=0.0, partner_image=0.0, adversarial=0.0, fine=0.0, prim=0.0)
    switches = {"penalise": False, "structure_alone": True, "autocast": AUTOCAST}
    terms = joint_step(sure, optimizers, wider, FEEDING, loss, **switches)  # type: ignore[arg-type]
    assert terms.id_real is not None
    assert terms.fine_real is not None
    assert terms.id_real.item() == pytest.approx(id_real.item(), rel=1e-4)
    assert terms.fine_real.item() == pytest.approx(fine.item(), rel=1e-4)
    for name, parameter in own.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(learnt[name], parameter.grad, rtol=1e-3, atol=1e-5)
    apart = [
        joint_step(sure, optimizers, one, FEEDING, replace(loss, triplet=1.0), **switches)  # type: ignore[arg-type]
        for one in (wider, replace(wider, label_more=torch.tensor([0, 0, 0, 0, 0, 0])))
    ]
    assert apart[0].triplet is not None
    assert torch.equal(apart[0].triplet, apart[1].triplet)  # type: ignore[arg-type]
    assert not torch.equal(apart[0].id_real, apart[1].id_real)  # type: ignore[arg-type]


def test_joint_training_takes_other_images_than_the_anchors(
    config: RunConfig, feed: Callable[[int], Feed], networks: Networks, tmp_path: Path
) -> None:
    pairs, own = feed(2 * config.batch_size), feed(4)
    more = Feed(own.crops, own.labels.tolist(), [0] * 12, 4, own.config, config.seed + MORE_REAL_SEED, own.device)
    assert not torch.equal(more.anchors(0)[0], own.anchors(0)[0]), "they are others than the anchors"

    def losses(name: str, given: Feed | None) -> list[float]:
        folder = tmp_path / name
        context = Context(config, PEOPLE, folder, folder.with_suffix(".jsonl"), AUTOCAST, World())
        some = copy.deepcopy(networks)
        train_joint(
            some, pairs, context, lambda _model, _step: None, lambda _model, _step: 0.0, None, None, more_real=given
        )
        return [row["id_real"] for row in read_log(context.log)]

    assert losses("with", more) != losses("without", None)
