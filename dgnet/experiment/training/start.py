"""Starting joint training from a model that is trained already."""

from __future__ import annotations

import logging

import torch

from dgnet.config import ConfigError, RunConfig, differing
from dgnet.data.people import People
from dgnet.experiment.models.find import find_model
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel

logger = logging.getLogger(__name__)


def find_start(config: RunConfig) -> LoadedModel[DGNet] | None:
    """The model that `config.start` names; None where it is empty.

    Raises:
        WeightsError: there is no such model.
        ConfigError: its networks have other sizes; the message gives the settings that would fit.
    """
    if not config.start:
        return None
    loaded = find_model(config.start)
    there = {name: old for name, (old, _) in differing(loaded.config, config, "fit").items() if "network." in name}
    if there:
        wanted = " ".join(f"--{name} {_word(value)}" for name, value in there.items())
        raise ConfigError(f"start: {config.start} has networks of other sizes than these settings; add {wanted}")
    return loaded


def train_on_from(start: LoadedModel[DGNet], model: DGNet, people: People) -> None:
    """Copy E_a, E_s and G of `start` into `model`; its classifiers too, if it was trained on the same people.

    An older file does not say on whom it was trained; its people count as the same if their number is the same.
    """
    found, own = start.model.state_dict(), model.state_dict()
    others = "people" in start.card and bool(people.strangers_to(start.card["people"]))
    kept = {
        name: tensor
        for name, tensor in found.items()
        if tensor.shape == own[name].shape and not (others and ".classifier." in name)
    }
    with torch.no_grad():
        for name, tensor in kept.items():
            own[name].copy_(tensor)
    logger.info("start: E_a, E_s and G of a trained model%s", "" if kept.keys() == own.keys() else ", new classifiers")


def _word(value: object) -> str:
    """A value as it is written on a command line."""
    value = list(value) if isinstance(value, tuple) else value
    return str(value).replace(" ", "") if isinstance(value, list | bool) else f"{value}"
