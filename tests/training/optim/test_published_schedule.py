"""The benchmark's twin computes what the joint step computes; otherwise comparing their times would mean nothing."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.training.batch import Batch, Networks
from dgnet.training.optim.optimizers import build_optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

_spec = importlib.util.spec_from_file_location(
    "published_schedule", Path(__file__).parents[3] / "benchmarks/published_schedule.py"
)
assert _spec
assert _spec.loader
published_schedule = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(published_schedule)


@pytest.mark.parametrize("doubling", [True, False])
@pytest.mark.parametrize("structure_alone", [True, False])
def test_terms_and_updates_are_the_same(
    networks: Networks, batch: Batch, config: RunConfig, structure_alone: bool, doubling: bool
) -> None:
    networks.model.eval()  # the twin normalises each half by its own statistics, and drops out otherwise
    loss = replace(config.loss, train_bn=False, redressed=0.0)  # which nobody published
    if not doubling:
        batch = replace(batch, x_relit=batch.x)  # with which, by luck, no number lies that near a kink
    after, terms = [], []
    for take in (published_schedule.published_step, joint_step):
        own = copy.deepcopy(networks)
        if doubling and take is not joint_step:
            published_schedule.double_before_convolving(own.model.decoder)
        optimizers = build_optimizers(own.model, own.discriminator, config.optim)
        found = take(
            own,
            optimizers,
            batch,
            ramped_weights(config.schedule.steps, config.schedule, loss),
            loss,
            penalise=True,
            structure_alone=structure_alone,
            autocast=torch.autocast("cpu", enabled=False),
        )
        terms.append({name: float(value) for name, value in found.items()})
        after.append([p.grad for p in (*own.model.parameters(), *own.discriminator.scales[0].score.parameters())])
    assert terms[1] == pytest.approx(terms[0], rel=1e-4)
    if doubling:
        return  # rounding then puts some numbers on the other side of a kink, of LeakyReLU or of L1
    # D's own gradients are left out: behind the twin's D the generator's have piled up.
    num_model = len(list(networks.model.parameters()))
    for one, other in zip(after[0][:num_model], after[1][:num_model], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
