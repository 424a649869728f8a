"""A model by what a user calls it, and training on from one."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from dgnet.config import ConfigError, RunConfig, differing
from dgnet.files.tensors import WeightsError
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.bundled import bundled_model
from dgnet.models.weights.ours import LoadedModel, load_model

logger = logging.getLogger(__name__)


def find_model(name: str) -> LoadedModel[DGNet]:
    """The model that `bundled`, a file or a run's folder stands for.

    Raises:
        WeightsError: there is none.
    """
    if name == "bundled":
        return bundled_model()
    path = Path(name)
    if path.is_dir():
        path = path / "model.safetensors"
        if not path.exists():
            raise WeightsError(f"{name}: no model.safetensors here; give a run that has finished, a file, or `bundled`")
    return load_model(path)


def find_start(config: RunConfig) -> DGNet | None:
    """The model that `config.start` stands for, if it names one.

    Raises:
        WeightsError: there is no such model.
        ConfigError: its networks are of other sizes; the settings that would fit are named.
    """
    if not config.start:
        return None
    loaded = find_model(config.start)
    there = {name: old for name, (old, _) in differing(loaded.config, config, "fit").items() if "network." in name}
    if there:
        wanted = " ".join(f"--{name} {_word(value)}" for name, value in there.items())
        raise ConfigError(f"start: {config.start} has networks of other sizes than these settings; add {wanted}")
    return loaded.model


def train_on_from(start: DGNet, model: DGNet) -> None:
    """Give a new model E_a, E_s and G of another; classifiers of another number of people stay as they are."""
    found, own = start.state_dict(), model.state_dict()
    kept = {name: tensor for name, tensor in found.items() if tensor.shape == own[name].shape}
    with torch.no_grad():
        for name, tensor in kept.items():
            own[name].copy_(tensor)
    logger.info("start: E_a, E_s and G of a trained model%s", "" if kept.keys() == own.keys() else ", new classifiers")


def _word(value: object) -> str:
    """As it is written on a command line."""
    value = list(value) if isinstance(value, tuple) else value
    return str(value).replace(" ", "") if isinstance(value, list | bool) else f"{value}"
