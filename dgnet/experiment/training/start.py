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
IN_COLOUR = "network.detail_colour"
SEES_DETAIL = "decoder.refine.0.conv.weight"  # its last inputs are the image g that `network.detail` hands on


def find_start(config: RunConfig) -> LoadedModel[DGNet] | None:
    """The model that `config.start` names; None where it is empty.

    Raises:
        WeightsError: there is no such model.
        ConfigError: its networks have other sizes, but for `network.detail_colour`, which may be turned on; the message
            gives the settings that would fit.
    """
    if not config.start:
        return None
    loaded = find_model(config.start)
    found = {name: old for name, (old, _) in differing(loaded.config, config, "fit").items() if "network." in name}
    there = {name: old for name, old in found.items() if name != IN_COLOUR or old or not loaded.config.network.detail}
    if there:
        wanted = " ".join(f"--{name} {_word(value)}" for name, value in there.items())
        raise ConfigError(f"start: {config.start} has networks of other sizes than these settings; add {wanted}")
    return loaded


def train_on_from(start: LoadedModel[DGNet], model: DGNet, people: People) -> None:
    """Copy E_a, E_s and G of `start` into `model`; its classifiers too, if it was trained on the same people.

    Where `start` handed a grey image on to G and `model` hands on a coloured one, the weights of the one channel are
    shared out to the three, so that G sees their mean as it did, and takes lightness and hue of what it kept from it.

    An older file does not say on whom it was trained; its people count as the same if their number is the same.
    """
    found, own = start.model.state_dict(), model.state_dict()
    weight, wanted = found[SEES_DETAIL], own[SEES_DETAIL].shape
    if weight.shape != wanted:
        grey = weight.shape[1] - 1
        found[SEES_DETAIL] = torch.cat([weight[:, :grey], (weight[:, grey:] / 3).expand(-1, 3, -1, -1)], dim=1)
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
