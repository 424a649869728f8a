"""torch.compile: same values and gradients as without it, trials leave no trace, and training goes on if it fails."""

from __future__ import annotations

import logging
import shutil
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import RunConfig
from dgnet.models.layers.units import place
from dgnet.models.layers.upsample import UpsampleUnit
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution.compile import compiling
from dgnet.training.execution.modes import running
from dgnet.training.optim.optimizers import Optimizers, build_optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

AUTOCAST = torch.autocast("cpu", enabled=False)


def can_compile() -> bool:
    """Whether this machine has what torch's default compiler needs to build code for the CPU."""
    return bool(shutil.which("c++")) and Path(sysconfig.get_path("include"), "Python.h").exists()


@pytest.fixture(autouse=True)
def _forget_compiled_code() -> Iterator[None]:
    """Clear compiled code after each test: it belongs to functions, and so would outlive the test's networks."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def modules(networks: Networks) -> nn.ModuleList:
    return nn.ModuleList([networks.model.train(), networks.discriminator.train()])


def step(networks: Networks, optimizers: Optimizers, batch: Batch, config: RunConfig) -> list[Tensor]:
    """The terms and the gradients of a step with the R1 penalty."""
    torch.manual_seed(0)
    terms = joint_step(
        networks,
        optimizers,
        batch,
        ramped_weights(config.schedule.steps, config.schedule, config.loss),
        config.loss,
        penalise=True,
        structure_alone=False,
        autocast=AUTOCAST,
    )
    gradients = [p.grad.clone() for p in modules(networks).parameters() if p.grad is not None]
    return [*(value for _, value in terms.items()), *gradients]


def test_a_compiled_step_is_the_step(
    networks: Networks, batch: Batch, config: RunConfig, caplog: pytest.LogCaptureFixture
) -> None:
    state = {name: value.clone() for name, value in modules(networks).state_dict().items()}
    caplog.set_level(logging.INFO)
    forwards = compiling(networks, batch, config, AUTOCAST, backend="eager")
    assert "compile: E_a, E_s, G, D, T compiled in" in caplog.text

    after_trial = modules(networks).state_dict()
    assert list(after_trial) == list(state)
    assert all(torch.equal(value, state[name]) for name, value in after_trial.items())
    assert all(parameter.grad is None for parameter in modules(networks).parameters())

    results = []
    for chosen in ({}, forwards):
        modules(networks).load_state_dict(state)
        optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
        with running(chosen):
            results.append(step(networks, optimizers, batch, config))
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-3, atol=1e-5)
    assert not any("forward" in vars(part) for part in modules(networks).modules())


def test_the_penalty_is_differentiated_twice_all_the_same(networks: Networks, batch: Batch, config: RunConfig) -> None:
    """The backend `aot_eager` cannot differentiate compiled code twice; nor can the default compiler."""
    D = networks.discriminator
    state = {name: value.clone() for name, value in modules(networks).state_dict().items()}
    results = []
    for chosen in ({}, {D: torch.compile(D.forward, dynamic=False, backend="aot_eager")}):
        modules(networks).load_state_dict(state)
        optimizers = build_optimizers(networks.model, D, config.optim)
        with running(chosen), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.append(step(networks, optimizers, batch, config))
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-3, atol=1e-5)


def no_compiler(_graph: Any, _inputs: Any) -> Callable[..., Any]:
    raise OSError("no C++ compiler here\nand a long story")


class Broken(torch.autograd.Function):
    """A function whose backward fails."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_: Any, _gradient: Tensor) -> Tensor:
        raise AssertionError("expected stride 1==32")


def no_upsampling_backward(graph: torch.fx.GraphModule, _inputs: Any) -> Callable[..., Any]:
    if "pixel_shuffle" not in graph.code:
        return graph.forward
    return lambda *inputs: tuple(Broken.apply(out) for out in graph.forward(*inputs))


@pytest.mark.parametrize(
    ("backend", "compiled", "told"),
    [
        (no_compiler, "nothing", "E_a, E_s, G, D, T: backend='no_compiler' raised: OSError: no C++ compiler here"),
        (no_upsampling_backward, "E_a, E_s, D, T", "G: expected stride 1==32"),
    ],
)
def test_what_cannot_be_compiled_is_told_and_left_as_it_is(
    networks: Networks,
    batch: Batch,
    config: RunConfig,
    caplog: pytest.LogCaptureFixture,
    backend: Any,
    compiled: str,
    told: str,
) -> None:
    state = {name: value.clone() for name, value in modules(networks).state_dict().items()}
    caplog.set_level(logging.INFO, logger="dgnet")
    forwards = compiling(networks, batch, config, AUTOCAST, backend)
    told_once = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told_once == [f"compile: not possible here for {told}"]
    assert f"compile: {compiled} compiled in" in caplog.text
    assert all(torch.equal(value, state[name]) for name, value in modules(networks).state_dict().items())
    optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
    with running(forwards):
        step(networks, optimizers, batch, config)


@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.skipif(not can_compile(), reason="no C++ compiler, or Python's headers are missing")
def test_upsampling_compiles_where_channels_lie_last() -> None:
    """torch 2.13's own replicate padding fails here: its backward declares another memory layout than it returns."""
    torch.manual_seed(0)
    unit = place(UpsampleUnit(4, 2), torch.device("cpu"))
    data = torch.randn(2, 4, 6, 4).contiguous(memory_format=torch.channels_last)
    results = []
    for forward in (unit.forward, torch.compile(unit.forward, dynamic=False)):
        x = data.clone().requires_grad_()
        y = forward(x)
        results.append([y, *torch.autograd.grad(y.square().sum(), [x, *unit.parameters()])])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager)
