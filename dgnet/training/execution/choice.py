"""The setting `execution`: which of four ways joint steps run, and an error where that way is not possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from torch import nn

from dgnet.config import ConfigError, RunConfig
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.execution.compile import compiling
from dgnet.training.execution.graphs import RecordedSteps
from dgnet.training.execution.modes import running
from dgnet.training.execution.recompute import recomputing
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.step import joint_step


class TakeStep(Protocol):
    """A function that takes one joint step on a batch; its arguments are those of `joint_step`."""

    def __call__(self, batch: Batch, ramped: RampedWeights, *, penalise: bool, structure_alone: bool) -> Terms: ...


def check_execution(config: RunConfig, device: torch.device, num_processes: int) -> None:
    """Raise ConfigError if steps cannot run as `config.execution` says.

    Called before the teacher is trained, so that hours of training are not lost.
    """
    if config.execution != "cuda_graphs":
        return
    otherwise = "choose plain, compile or recompute (--execution plain)"
    if device.type != "cuda":
        raise ConfigError(
            f"execution: found 'cuda_graphs', which records what a CUDA device does, but training is on {device.type}; "
            f"{otherwise}"
        )
    if num_processes > 1:
        raise ConfigError(
            f"execution: found 'cuda_graphs', which works in one process, but {num_processes} train together; "
            f"{otherwise}"
        )


def steps_of(
    config: RunConfig, networks: Networks, optimizers: Optimizers, autocast: torch.autocast, num_processes: int = 1
) -> TakeStep:
    """The function that takes joint steps as `config.execution` says.

    Args:
        networks: on their device.
        optimizers: of these networks.
        autocast: the precision of the networks' arithmetic.
        num_processes: how many train together.

    Raises:
        ConfigError: this way is not possible on this device or with this many processes.
    """
    check_execution(config, next(networks.model.parameters()).device, num_processes)
    plain = partial(joint_step, networks, optimizers, loss=config.loss, autocast=autocast)
    if config.execution == "compile":
        return _with_forwards(plain, lambda batch: compiling(networks, batch, config, autocast))
    if config.execution == "recompute":
        return _with_forwards(plain, lambda _: recomputing(networks.model))
    if config.execution == "cuda_graphs":
        return RecordedSteps(networks, optimizers, config.loss, autocast)
    return plain


def _with_forwards(
    plain: Callable[..., Terms], forwards_for: Callable[[Batch], dict[nn.Module, Callable[..., Any]]]
) -> TakeStep:
    """`plain` with other forwards in place of the networks' own; they are made from the first batch and its shapes."""
    forwards: dict[nn.Module, Callable[..., Any]] | None = None

    def take(batch: Batch, ramped: RampedWeights, *, penalise: bool, structure_alone: bool) -> Terms:
        nonlocal forwards
        if forwards is None:
            with torch.random.fork_rng():  # making them may draw random numbers, which must not change the step's
                forwards = forwards_for(batch)
        with running(forwards):
            return plain(batch, ramped, penalise=penalise, structure_alone=structure_alone)

    return take
