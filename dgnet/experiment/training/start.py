"""Training on from a model that there is."""

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
    return loaded


def train_on_from(start: LoadedModel[DGNet], model: DGNet, people: People) -> None:
    """Give a new model E_a, E_s and G of another; its classifiers too, unless it learnt other people than `people`.

    A model that does not say whom it learnt (an older one) is taken to know the same people where it knows as many.
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
    """As it is written on a command line."""
    value = list(value) if isinstance(value, tuple) else value
    return str(value).replace(" ", "") if isinstance(value, list | bool) else f"{value}"
