"""Label smoothing, the triplet term and T's average: what E_a and T learn with each, and that off is as before."""

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
from dgnet.config.errors import ConfigError
from dgnet.data.people import Group, Identity, People
from dgnet.files.tensors import read_tensors
from dgnet.models.appearance import Teacher
from dgnet.training.batch import Batch, Networks
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.log import read_log
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.session import Context
from dgnet.training.step import joint_step
from dgnet.training.teacher import train_teacher

PEOPLE = People((Group("noise", tuple(Identity(name, 4, name) for name in "abcd")),), "order")
FEEDING = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=1e-30, fine=0.7)


def hardest(feature: Tensor, label: Tensor) -> Tensor:
    """The triplet term of each image that has a partner, by a loop."""
    terms = []
    for i in range(len(feature)):
        to = {k: (feature[k] - feature[i]).norm() for k in range(len(feature)) if k != i}
        same, others = ([to[k] for k in to if (label[k] == label[i]) == alike] for alike in (True, False))
        terms.append(F.softplus(torch.stack(same).max() - torch.stack(others).min()))
    return torch.stack(terms)


def test_the_appearance_encoder_learns_from_smooth_labels_and_triplets(
    sure: Networks, batch: Batch, still: tuple[Optimizers, dict[str, Tensor]]
) -> None:
    smooth = {"reduction": "sum", "label_smoothing": 0.2}
    own = copy.deepcopy(sure.model.appearance_encoder)
    real = own(torch.cat([batch.x_erased, batch.x_partner_erased]))
    label = batch.label.repeat(2)
    id_real = F.cross_entropy(real.prim.logits, label, **smooth) / 2  # each half of two has 2 images
    fine = F.cross_entropy(real.fine.logits[:4], batch.label, **smooth) / 2
    apart = hardest(real.prim.feature, label).sum() / 4  # anchors and partners of either direction are 4
    (1.5 * id_real + 0.5 * apart).backward()
    nothing = dict.fromkeys(("image", "partner_image", "adversarial", "prim", "fine"), 0.0)
    loss = LossConfig(**nothing, id_real=1.5, smoothing=0.2, triplet=0.5)
    optimizers, learnt = still
    unfed = replace(FEEDING, prim=0.0, fine=0.0)
    switches = {"penalise": False, "structure_alone": True, "autocast": torch.autocast("cpu", enabled=False)}
    terms = joint_step(sure, optimizers, batch, unfed, loss, **switches)  # type: ignore[arg-type]
    assert terms.id_real.item() == pytest.approx(id_real.item(), rel=1e-4)
    assert terms.triplet is not None
    assert terms.triplet.item() == pytest.approx(apart.item(), rel=1e-4)
    expected = {name: p.grad for name, p in own.named_parameters() if p.grad is not None}
    assert learnt.keys() >= expected.keys()
    wanted, found = (torch.cat([some[name].flatten() for name in expected]) for some in (expected, learnt))
    assert (found - wanted).norm() < 1e-3 * wanted.norm()
    fed = joint_step(sure, optimizers, batch, FEEDING, loss, **switches)  # type: ignore[arg-type]
    assert fed.fine_real is not None
    assert fed.fine_real.item() == pytest.approx(fine.item(), rel=1e-4)
    assert joint_step(sure, optimizers, batch, unfed, LossConfig(), **switches).triplet is None  # type: ignore[arg-type]


def train(config: RunConfig, feed: Callable[[int], Feed], folder: Path, **settings: float) -> tuple[Teacher, Context]:
    folder.mkdir()
    config = replace(config, teacher=replace(config.teacher, **settings))  # type: ignore[arg-type]
    context = Context(
        config, PEOPLE, folder / "states", folder / "log.jsonl", torch.autocast("cpu", enabled=False), World()
    )
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, 4)
    size = config.teacher.batch_size // 2 if config.teacher.triplet else config.teacher.batch_size
    train_teacher(teacher, feed(size), context)
    return teacher, context


def test_the_teachers_average_is_that_of_its_states_along_the_way(
    config: RunConfig, feed: Callable[[int], Feed], require_average: Callable[..., None], tmp_path: Path
) -> None:
    config = replace(config, checkpoint_every=1, keep_checkpoints=100)
    torch.manual_seed(0)
    started = Teacher(config.teacher.backbone, config.network.feature_dim, 4).state_dict()
    plain, _ = train(config, feed, tmp_path / "plain")
    kept, context = train(config, feed, tmp_path / "kept", ema=0.3)
    newest = latest_checkpoint(context.checkpoints)
    assert newest is not None
    states = [read_tensors(path)[0] for path in sorted(newest.parent.glob("*.safetensors"))]
    assert len(states) == config.teacher.steps
    require_average(kept, started, states, "teacher")
    for name, tensor in plain.state_dict().items():
        if tensor.is_floating_point():
            assert torch.equal(states[-1][f"teacher.{name}"], tensor)  # training is as without
    assert not any(module.training for module in kept.modules())


def test_the_teachers_backbone_keeps_still_at_a_rate_of_0_and_its_head_learns(
    config: RunConfig, feed: Callable[[int], Feed], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    started = Teacher(config.teacher.backbone, config.network.feature_dim, 4).state_dict()
    kept, _ = train(config, feed, tmp_path / "kept", backbone_lr=0.0, ema=0.3)
    changed = {name for name, tensor in kept.state_dict().items() if not torch.equal(tensor, started[name])}
    assert changed
    assert all(name.startswith("head.") for name in changed)


def test_the_teacher_learns_pairs_with_the_triplet_term(
    config: RunConfig, feed: Callable[[int], Feed], tmp_path: Path
) -> None:
    changed = [train(config, feed, tmp_path / str(k), **one)[1] for k, one in enumerate(({}, {"triplet": 0.5}))]
    logs = [read_log(context.log) for context in changed]
    assert "triplet" not in logs[0][0]
    assert logs[1][0]["triplet"] > 0
    smoothed = read_log(train(config, feed, tmp_path / "s", smoothing=0.5)[1].log)
    assert smoothed[0]["cross_entropy"] != logs[0][0]["cross_entropy"]
    x, label = feed(2).pairs(0)
    anchors, of_anchors = feed(2).anchors(0)
    assert len(x) == 4
    assert torch.equal(x[:2], anchors)
    assert label.tolist() == of_anchors.tolist() * 2
    with pytest.raises(ConfigError, match=r"teacher\.batch_size: found 5, must be even with teacher\.triplet"):
        replace(config.teacher, batch_size=5, triplet=0.1)
