"""The setting `execution`: each choice runs steps in its own way, and what is not possible is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import ConfigError, Execution, RunConfig
from dgnet.experiment.train import train
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution import choice
from dgnet.training.execution.choice import check_execution, steps_of
from dgnet.training.optim.optimizers import build_optimizers
from dgnet.training.optim.schedules import ramped_weights

AUTOCAST = torch.autocast("cpu", enabled=False)
CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("execution", "device", "processes", "message"),
    [
        ("cuda_graphs", CPU, 1, r"execution: found 'cuda_graphs'.* training is on cpu; choose plain"),
        ("cuda_graphs", torch.device("mps"), 1, r"training is on mps"),
        ("cuda_graphs", GPU, 2, r"execution: found 'cuda_graphs'.* 2 train together; choose plain"),
    ],
)
def test_what_cannot_be_done_is_refused(
    config: RunConfig, execution: Execution, device: torch.device, processes: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_execution(replace(config, execution=execution), device, processes)


def test_what_can_be_done_is_not(config: RunConfig) -> None:
    for execution in ("plain", "compile", "recompute"):
        for device in (CPU, GPU):
            for processes in (1, 2):
                check_execution(replace(config, execution=execution), device, processes)
    check_execution(replace(config, execution="cuda_graphs"), GPU, 1)


def test_it_is_refused_before_anything_is_written(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="execution: found 'cuda_graphs'"):
        train(replace(config, execution="cuda_graphs", device="cpu"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def other_forward(networks: Networks, *_: object) -> dict[nn.Module, Callable[..., Tensor]]:
    """In the place of `compiling`, which has tests of its own: another forward of G, and a draw on the way to it."""
    torch.rand(3)
    plain = networks.model.decoder.forward

    def forward(*arguments: Tensor) -> Tensor:
        logging.getLogger("dgnet").info("the decoder's other forward")
        return plain(*arguments)

    return {networks.model.decoder: forward}


@pytest.mark.parametrize(
    ("execution", "told"),
    [("plain", ""), ("recompute", "run again in the backward"), ("compile", "the decoder's other forward")],
)
def test_each_choice_takes_the_same_steps_in_its_own_way(
    networks: Networks,
    batch: Batch,
    config: RunConfig,
    execution: Execution,
    told: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dropout too is the same: what is tried before the first step does not change its random numbers."""
    caplog.set_level(logging.INFO, logger="dgnet")
    monkeypatch.setattr(choice, "compiling", other_forward)
    networks.model.train()
    networks.discriminator.train()
    state = {name: value.clone() for name, value in networks.model.state_dict().items()}
    judge = {name: value.clone() for name, value in networks.discriminator.state_dict().items()}
    found = []
    for way in ("plain", execution):
        networks.model.load_state_dict(state)
        networks.discriminator.load_state_dict(judge)
        optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
        take = steps_of(replace(config, execution=way), networks, optimizers, AUTOCAST)
        torch.manual_seed(3)
        ramped = ramped_weights(config.schedule.steps, config.schedule, config.loss)
        terms = take(batch, ramped, penalise=True, structure_alone=False)
        found.append(dict(terms.items()))
        assert "forward" not in vars(networks.model.decoder)  # the networks are as they were between steps
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, msg=name)
    assert told in caplog.text
    assert bool(caplog.text) == bool(told)
