"""Checkpoints: everything a run needs to continue exactly.

Random draws are functions of the step, so no state of a random generator is saved.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dgnet.config import ConfigError, RunConfig, differing, from_saved, to_dict
from dgnet.data.people import People, require_same_people
from dgnet.errors import DgnetError
from dgnet.files.tensors import WeightsError, read_tensors, write_tensors

logger = logging.getLogger(__name__)


UNKNOWN_PEOPLE = "is of an older version, which kept no list of people: that these are the same is not checked"


class CheckpointError(DgnetError, ValueError):
    """A checkpoint that cannot be continued from; the message names the file and the difference."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """`step_0001000.safetensors`: named by the number of steps taken."""
    return folder / f"step_{step:07d}.safetensors"


def latest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint in `folder` after the most steps; None if there is none."""
    found = sorted(folder.glob("step_*.safetensors"))
    return found[-1] if found else None


def save_checkpoint(
    folder: Path,
    step: int,
    config: RunConfig,
    people: People,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    processes: int = 1,
) -> Path:
    """Write the state after `step` steps, then delete all but the newest `config.keep_checkpoints` checkpoints.

    Args:
        processes: how many processes train together; kept in the file.

    Raises:
        WeightsError: the file cannot be written; earlier checkpoints are untouched.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{index}.{key}": value for key, value in values.items() if value is not None}
    folder.mkdir(parents=True, exist_ok=True)
    path = checkpoint_path(folder, step)
    said = {"step": str(step), "processes": str(processes), "config": json.dumps(to_dict(config))}
    write_tensors(path, tensors, {**said, "people": people.to_json()})
    for old in sorted(folder.glob("step_*.safetensors"))[: -config.keep_checkpoints]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(
    path: Path,
    config: RunConfig,
    people: People,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    processes: int = 1,
) -> int:
    """Restore modules and optimisers in place, and return the number of steps taken.

    A run may continue with another number of processes; a warning then says what this changes.

    Raises:
        CheckpointError: the checkpoint is damaged, belongs to other settings, or has tensors that do not fit.
        DataError: the checkpoint was trained on other people or images than `people`; the message names them.
    """
    try:
        tensors, metadata = read_tensors(path)
    except WeightsError as error:
        before = [one.name for one in sorted(path.parent.glob("step_*.safetensors")) if one.name < path.name]
        rest = f"continue from the one before it, {before[-1]}" if before else "start again: there is none before it"
        raise CheckpointError(f"{error}. Delete it to {rest}") from error
    try:
        saved = from_saved(json.loads(metadata["config"]))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}; it was written by another version of dgnet") from error
    compare_configs(path, saved, config)
    if "people" in metadata:
        require_same_people(metadata["people"], people, path)
    else:
        logger.warning("%s: %s", path, UNKNOWN_PEOPLE)
    for name, module in modules.items():
        prefix = f"{name}."
        state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise CheckpointError(f"{path}: the tensors of {name} do not fit: {error}") from error
    for name, optimizer in optimizers.items():
        _load_optimizer(optimizer, f"optimizer.{name}.", tensors)
    then = int(metadata["processes"])
    if then != processes:
        logger.warning(
            "%s: written by %d processes, continued by %d. Each process keeps its batch size, so a step now sees %g "
            "times as many images, at the same learning rates; and from here on images, augmentation and dropout are "
            "drawn otherwise than they would have been",
            *(path, then, processes, processes / then),
        )
    return int(metadata["step"])


def _load_optimizer(optimizer: Optimizer, prefix: str, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(prefix):
            index, name = key.removeprefix(prefix).split(".")
            state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if value.shape == parameter.shape:  # files are row-major; the parameter may be laid out otherwise
                values[name] = torch.empty_like(parameter).copy_(value)


def compare_configs(path: Path, saved: RunConfig, current: RunConfig) -> None:
    """Raise CheckpointError if settings differ that may not change when a run resumes; the message lists them.

    A setting that did not exist when the checkpoint was written counts as having its default there, because the
    default is what the code did before the setting was added.
    """
    found = differing(saved, current, "resume")
    if found:
        refused = [f"{name}: {old!r} then, {new!r} now" for name, (old, new) in sorted(found.items())]
        raise CheckpointError(
            f"{path}: was written by a run with other settings ({'; '.join(refused)}). Resume with the same settings, "
            "or start a new run in another folder (--out)"
        )


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch's generator so that every draw inside the step (dropout) is a function of (seed, step, rank)."""
    torch.manual_seed((seed * 1_000_003 + step + (rank << 40)) % 2**63)
