"""Batches of synthetic images, and what the teacher and E_a learn from them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim import SGD

from dgnet.config import LossConfig, RunConfig
from dgnet.data.people import People
from dgnet.data.readers.synthetic import SoftLabels
from dgnet.models.appearance import Teacher
from dgnet.training.batch import Batch, Networks
from dgnet.training.distributed import World
from dgnet.training.feed import Feed
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.session import Context
from dgnet.training.step import joint_step
from dgnet.training.synthetic_feed import SyntheticFeed
from dgnet.training.teacher import train_teacher

OFF = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=0, fine=0)
SOFT = SoftLabels(np.array([[k % 4, (k + 1) % 4] for k in range(12)]), np.array([[0.75, 0.25]] * 12, dtype=np.float32))


@pytest.fixture
def synthetic(feed: Callable[[int], Feed], config: RunConfig) -> Callable[..., SyntheticFeed]:
    """Twelve images of noise, each of two people."""

    def make(batch_size: int, rank: int = 0, world_size: int = 1) -> SyntheticFeed:
        crops, cpu = feed(4).crops, torch.device("cpu")
        return SyntheticFeed(crops, SOFT, 4, batch_size, config.augment, 0, cpu, rank, world_size)

    return make


def test_a_batch_is_a_function_of_the_step_and_ranks_share_it(synthetic: Callable[..., SyntheticFeed]) -> None:
    x, q = synthetic(4).batch(5)
    assert (x.shape, q.shape) == ((4, 3, 64, 32), (4, 4))
    assert torch.equal(x, synthetic(4).batch(5)[0])
    assert not torch.equal(x, synthetic(4).batch(6)[0])
    parts = [synthetic(2, rank, 2).batch(5) for rank in range(2)]
    assert torch.equal(torch.cat([part[0] for part in parts]), x)
    assert torch.equal(torch.cat([part[1] for part in parts]), q)
    chosen = synthetic(4).sampler.batch(5).anchor
    for row, place in zip(q.tolist(), chosen.tolist(), strict=True):
        expected = [0.0] * 4
        expected[place % 4], expected[(place + 1) % 4] = 0.75, 0.25
        assert row == expected


def test_an_epoch_shows_every_image_once(synthetic: Callable[..., SyntheticFeed]) -> None:
    seen = [place for step in range(3) for place in synthetic(4).sampler.batch(step).anchor.tolist()]
    assert sorted(seen) == list(range(12))


def test_its_draws_are_not_those_of_the_real_images(
    synthetic: Callable[..., SyntheticFeed], feed: Callable[[int], Feed]
) -> None:
    assert synthetic(4).sampler.batch(0).anchor.tolist() != feed(4).sampler.batch(0).anchor.tolist()


def test_the_soft_cross_entropy_trains_the_appearance_encoder_alone(
    sure: Networks, batch: Batch, synthetic: Callable[..., SyntheticFeed]
) -> None:
    x, q = synthetic(4).batch(0)
    written = replace(batch, x_synthetic=x, q_synthetic=q)
    model = sure.model
    silent = replace(LossConfig(image=0, partner_image=0, adversarial=0, id_generated=0), id_real=1.0)
    parameters = [[*m.parameters()] for m in (model.decoder, sure.discriminator, model.appearance_encoder)]

    def step(one: Batch) -> tuple[dict[str, float], torch.Tensor]:
        optimizers = Optimizers(*(SGD(group, lr=0.0) for group in parameters))
        autocast = torch.autocast("cpu", enabled=False)
        terms = joint_step(sure, optimizers, one, OFF, silent, penalise=False, structure_alone=True, autocast=autocast)
        gradients = [parameter.grad for parameter in parameters[2] if parameter.grad is not None]
        assert not any(p.grad is not None and p.grad.abs().max() > 0 for p in parameters[0])
        return {name: float(value) for name, value in terms.items()}, torch.cat([g.flatten() for g in gradients])

    state = {name: value.clone() for name, value in model.state_dict().items()}
    without, plain = step(batch)
    model.load_state_dict(state)
    with_it, more = step(written)
    assert "id_synthetic" not in without
    assert with_it.pop("id_synthetic") == pytest.approx(_naive(sure, state, x, q), rel=1e-4)
    assert with_it == without  # no other term sees them
    assert not torch.allclose(plain, more)
    for name, value in model.state_dict().items():  # running statistics describe real images
        if "running" in name and "appearance" in name:
            model.load_state_dict(state)
            step(batch)
            torch.testing.assert_close(value, model.state_dict()[name])
            break


def _naive(networks: Networks, state: dict[str, torch.Tensor], x: torch.Tensor, q: torch.Tensor) -> float:
    """-sum_k q(k) log p(k | x), twice its mean, where batch norms use the batch's own statistics."""
    networks.model.load_state_dict(state)
    networks.model.train()
    with torch.no_grad():
        logits = networks.model.appearance_encoder(x).prim.logits.double()
    total = 0.0
    for row, target in zip(logits, q.double(), strict=True):
        log_sum = torch.logsumexp(row, dim=0)
        total -= sum(float(target[k] * (row[k] - log_sum)) for k in range(4))
    return 2 * total / len(x)


def test_the_teacher_learns_from_real_and_synthetic_images_alike(
    synthetic: Callable[..., SyntheticFeed], feed: Callable[[int], Feed], config: RunConfig, tmp_path: Path
) -> None:
    """The loss of its first step is the mean of -log p(y | x) over real and of -sum_k q(k) log p(k | x) over others."""
    run = replace(config, teacher=replace(config.teacher, steps=1, smoothing=0.0), log_every=1)
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, 4)
    teacher.head.dropout.p = 0.0
    with torch.no_grad():
        teacher.head.classifier.weight.normal_()
    (x, label), (x_synthetic, q) = feed(2).anchors(0), synthetic(6).batch(0)
    with torch.no_grad():
        logits = copy.deepcopy(teacher).train()(torch.cat([x, x_synthetic])).double()
    log_p = logits - torch.logsumexp(logits, dim=1, keepdim=True)
    total = sum(float(-log_p[k, label[k]]) for k in range(2))
    total += sum(float(-q[n, k] * log_p[2 + n, k]) for n in range(6) for k in range(4))
    autocast = torch.autocast("cpu", enabled=False)
    context = Context(run, People((), ""), tmp_path / "checkpoints", tmp_path / "log.jsonl", autocast, World())
    train_teacher(teacher, feed(2), context, synthetic(6))
    row = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert row["cross_entropy"] == pytest.approx(total / 8, rel=1e-4)
