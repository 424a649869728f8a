"""On a GPU, if there is one: batches and steps equal those on a CPU, and whole runs work in every way to run steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.experiment.data import open_data
from dgnet.experiment.evaluate import Request, evaluate
from dgnet.experiment.train import train
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_model
from dgnet.training.batch import Batch, Networks
from dgnet.training.checkpoint import seed_step
from dgnet.training.execution.graphs import RecordedSteps
from dgnet.training.feed import Feed
from dgnet.training.log import read_log
from dgnet.training.optim.optimizers import build_optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_batches_are_a_cpus(config: RunConfig) -> None:
    data = open_data(config)
    config = replace(config, augment=replace(config.augment, relight=0.8))
    here, there = (
        Feed(data.train, data.labels, data.camids, 8, config.augment, 0, device).batch(3) for device in (CPU, GPU)
    )
    assert here.tensors().keys() == there.tensors().keys()
    for name, one in here.tensors().items():
        other = there.tensors()[name]
        assert other.device.type == GPU.type
        torch.testing.assert_close(other.cpu(), one, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("structure_alone", [True, False])
def test_a_step_is_a_cpus(
    networks: Networks, batch: Batch, config: RunConfig, structure_alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step on the GPU equals one on the CPU up to rounding.

    Adam turns rounding of small gradients into whole steps, so of the parameters only E_a's are compared. Dropout is
    off, because each device draws its own.
    """
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    config = replace(config, optim=replace(config.optim, muon_lr=0.0))
    found = []
    for device in (CPU, GPU):
        mine = copy.deepcopy(networks)
        parts = [place(module, device) for module in (mine.model, mine.discriminator, mine.teacher)]
        for head in (mine.model.appearance_encoder.prim, mine.model.appearance_encoder.fine):
            head.dropout.p = 0.0
        optimizers = build_optimizers(mine.model, mine.discriminator, config.optim)
        views = {name: tensor.to(device) for name, tensor in batch.tensors().items()}
        terms = joint_step(
            Networks(*parts),
            optimizers,
            Batch(**views),
            ramped_weights(config.schedule.steps, config.schedule, config.loss),
            config.loss,
            penalise=True,
            structure_alone=structure_alone,
            autocast=torch.autocast(device.type, enabled=False),
        )
        found.append(({name: value.cpu() for name, value in terms.items()}, mine.model.appearance_encoder.state_dict()))
    (terms, state), (terms_there, state_there) = found
    assert terms.keys() == terms_there.keys()
    for name, value in terms.items():
        torch.testing.assert_close(terms_there[name], value, atol=1e-5, rtol=1e-3, msg=name)
    for name, value in state.items():
        torch.testing.assert_close(state_there[name].cpu(), value, atol=1e-4, rtol=1e-3, msg=name)


def test_recorded_steps_are_steps(
    networks: Networks, batch: Batch, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded steps equal steps as written, while weights and learning rates change from step to step.

    The rates are small: at E_a's published rate, an error of 1e-7 in a gradient doubles a term within these steps.
    """
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    small = {"generator_lr": 1e-5, "discriminator_lr": 1e-5, "muon_lr": 1e-4, "backbone_lr": 1e-4, "head_lr": 1e-4}
    config = replace(config, optim=replace(config.optim, **small))
    autocast = torch.autocast("cuda", enabled=False)
    on_gpu = Batch(**{name: tensor.to(GPU) for name, tensor in batch.tensors().items()})
    found = []
    for recorded in (False, True):
        mine = copy.deepcopy(networks)
        parts = Networks(*(place(module, GPU) for module in (mine.model, mine.discriminator, mine.teacher)))
        optimizers = build_optimizers(parts.model, parts.discriminator, config.optim)
        take = partial(joint_step, parts, optimizers, loss=config.loss, autocast=autocast)
        if recorded:
            take = steps = RecordedSteps(parts, optimizers, config.loss, autocast)  # type: ignore[assignment]
        rows = []
        for step in range(24):
            seed_step(0, step)  # dropout: a replay has to draw what the step as it is written draws
            optimizers.set_lr_factor(1 - step / 24)
            ramped = replace(ramped_weights(8, config.schedule, config.loss), prim=0.1 * step, code_a=1 - step / 30)
            terms = take(on_gpu, ramped, penalise=step % 3 == 0, structure_alone=step % 2 == 0)
            rows.append({name: value.item() for name, value in terms.items()})
        found.append((rows, {name: value.cpu() for name, value in parts.model.state_dict().items()}))
    everything = [*parts.model.named_parameters(), *parts.discriminator.named_parameters()]
    before = [value.clone() for _, value in everything]
    optimizers.set_lr_factor(0.0)
    steps(on_gpu, ramped, penalise=True, structure_alone=True)
    for (name, value), was in zip(everything, before, strict=True):
        assert torch.equal(value, was), name
    assert len(steps.recordings) == 4  # R1 or not, and the coin's two sides
    for step, (one, other) in enumerate(zip(found[0][0], found[1][0], strict=True)):
        for name, value in one.items():
            assert other[name] == pytest.approx(value, rel=2e-2, abs=1e-3), f"{name} at step {step}"
    for name, value in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], value, atol=5e-3, rtol=2e-2, msg=name)


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config,
        lambda config: replace(config, precision="bf16"),
        lambda config: replace(config, execution="cuda_graphs"),
        lambda config: replace(config, execution="recompute"),
        lambda config: replace(config, data=replace(config.data, store="packed")),
    ],
    ids=["fp32", "bf16", "recorded", "recompute", "packed"],
)
def test_a_whole_run(config: RunConfig, tmp_path: Path, change: Callable[[RunConfig], RunConfig]) -> None:
    """A run on the GPU; its model then gives the same swaps and features on a CPU."""
    page = train(replace(change(config), device=GPU.type), tmp_path / "run")
    assert page is not None
    assert page.exists()
    rows = [row for row in read_log(tmp_path / "run" / "log.jsonl") if row["phase"] == "joint"]
    assert rows[-1]["step"] == config.schedule.steps
    again = evaluate([tmp_path / "run"], Request(device="cpu", out=tmp_path / "again"))
    assert again.page.exists()
    here = load_model(tmp_path / "run" / "model.safetensors").model.double()
    there, x = copy.deepcopy(here).to(GPU), torch.rand(4, 3, 64, 32, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(there.swap(x.to(GPU), x.flip(0).to(GPU)).cpu(), here.swap(x, x.flip(0)))
        for feature, wanted in zip(there.features(x.to(GPU)), here.features(x), strict=True):
            torch.testing.assert_close(feature.cpu(), wanted)


def test_it_resumes(config: RunConfig, tmp_path: Path) -> None:
    short = replace(config, device=GPU.type)
    train(short, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    assert train(short, tmp_path / "run", resume=True) is not None
