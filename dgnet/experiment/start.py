"""Training on from a model that there is."""

from __future__ import annotations

import logging

import torch

from dgnet.config import ConfigError, RunConfig, flatten, to_dict
from dgnet.experiment.find import find_model
from dgnet.models.dgnet import DGNet

logger = logging.getLogger(__name__)


def find_start(config: RunConfig) -> DGNet | None:
    """The model that `config.start` stands for, if it names one.

    Raises:
        WeightsError: there is no such model.
        ConfigError: its networks are of other sizes; the settings that would fit are named.
    """
    if not config.start:
        return None
    loaded = find_model(config.start)
    there, here = (flatten({"network": to_dict(one)["network"]}) for one in (loaded.config, config))
    ours = ("network.backbone.weights", "network.prim_dropout", "network.fine_dropout")  # of no consequence for a start
    differing = [key for key in here if key not in ours and there.get(key) != here[key]]
    if differing:
        wanted = " ".join(f"--{key} {_word(there.get(key))}" for key in differing)
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
    return str(value).replace(" ", "") if isinstance(value, list | bool) else f"{value}"
