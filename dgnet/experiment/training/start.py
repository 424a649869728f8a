"""Starting joint training from a model that is trained already."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from dgnet.config import ConfigError, RunConfig, differing
from dgnet.data.batches.pairs import Indices
from dgnet.data.normalise import normalise
from dgnet.data.people import People
from dgnet.data.store.packed import CropStore
from dgnet.experiment.models.find import find_model
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel
from dgnet.training.joint import at_rest
from dgnet.training.other_codes import fit_to_codes

logger = logging.getLogger(__name__)
IN_COLOUR = "network.detail_colour"
SEES_DETAIL = "decoder.refine.0.conv.weight"  # its last inputs are the image g that `network.detail` hands on
OF_E_A = ("network.backbone.", "network.feature_dim", "network.pool")  # what makes E_a another network
OF_SIZE = ("network.dilations",)  # what may differ with the size of images
NUM_FITTED: Final = 4_000  # images whose codes G is fitted to, where E_a is another network
BATCH_SIZE: Final = 64


def find_start(config: RunConfig) -> LoadedModel[DGNet] | None:
    """The model that `config.start` names; None where it is empty.

    Its E_a may be another network; then E_s and G alone begin with it, and its images may have another size.

    Raises:
        WeightsError: there is no such model.
        ConfigError: its E_s and G have other sizes, but for `network.detail_colour`, which may be turned on; the
            message gives the settings that would fit.
    """
    if not config.start:
        return None
    loaded = find_model(config.start)
    found = {name: old for name, (old, _) in differing(loaded.config, config, "fit").items() if "network." in name}
    there = {name: old for name, old in found.items() if name != IN_COLOUR or old or not loaded.config.network.detail}
    if has_other_encoder(loaded, config):
        there = {name: old for name, old in there.items() if not name.startswith((*OF_E_A, *OF_SIZE))}
    if there:
        wanted = as_options(there)
        raise ConfigError(f"start: {config.start} has networks of other sizes than these settings; add {wanted}")
    return loaded


def has_other_encoder(start: LoadedModel[DGNet], config: RunConfig) -> bool:
    """Whether the model to start from has another E_a than the one that is trained."""
    return any(name.startswith(OF_E_A) for name in differing(start.config, config, "fit"))


def train_on_from(start: LoadedModel[DGNet], model: DGNet, people: People) -> None:
    """Copy E_a, E_s and G of `start` into `model`; its classifiers too, if it was trained on the same people.

    Where `start` handed a grey image on to G and `model` hands on a coloured one, the weights of the one channel are
    shared out to the three, so that G sees their mean as it did, and takes lightness and hue of what it kept from it.

    An older file does not say on whom it was trained; its people count as the same if their number is the same.
    """
    whole = _copy(start, model, (".classifier.",) if knows_others(start, people) else ())
    logger.info("start: E_a, E_s and G of a trained model%s", "" if whole else ", new classifiers")


def knows_others(start: LoadedModel[DGNet] | LoadedModel[Teacher], people: People) -> bool:
    """Whether the classifiers of `start` are of other people, as far as its file says on whom it was trained."""
    return "people" in start.card and bool(people.strangers_to(start.card["people"]))


def draw_on_from(start: LoadedModel[DGNet], model: DGNet, crops: CropStore, seed: int) -> None:
    """Copy E_s and G of `start` into `model`, whose E_a gives other codes, and fit G to these (`fit_to_codes`).

    Args:
        crops: the training images, of the size that `model` is trained at; 4 000 of them at most are taken.
        seed: of the choice of images.
    """
    _copy(start, model, ("appearance_encoder.",))
    old = start.model.to(next(model.parameters()).device)
    chosen = np.random.default_rng(seed).permutation(len(crops))[:NUM_FITTED]
    codes = _codes(model, crops, chosen, crops.size)
    old_codes = _codes(old, crops, chosen, start.config.data.size)
    met = fit_to_codes(model.decoder, codes, old.decoder, old_codes)
    logger.info(
        "start: E_s and G of a trained model; the first layers of G's MLPs were fitted to this E_a, whose codes tell "
        "%.0f%% of what they read in the former ones",
        100 * met,
    )


def _copy(start: LoadedModel[DGNet], model: DGNet, left_out: tuple[str, ...]) -> bool:
    """Copy what has the same shape, but for names that contain one of `left_out`; whether that was everything."""
    found, own = start.model.state_dict(), model.state_dict()
    weight, wanted = found[SEES_DETAIL], own[SEES_DETAIL].shape
    if weight.shape != wanted:
        grey = weight.shape[1] - 1
        found[SEES_DETAIL] = torch.cat([weight[:, :grey], (weight[:, grey:] / 3).expand(-1, 3, -1, -1)], dim=1)
    kept = {
        name: tensor
        for name, tensor in found.items()
        if name in own and not any(part in name for part in left_out) and tensor.shape == own[name].shape
    }
    with torch.no_grad():
        for name, tensor in kept.items():
            own[name].copy_(tensor)
    return kept.keys() == own.keys()


@torch.no_grad()
def _codes(model: DGNet, crops: CropStore, chosen: Indices, size: tuple[int, int]) -> Tensor:
    """The appearance codes of images, resized to `size` by their mean, N x A x 4."""
    E_a, device = model.appearance_encoder, next(model.parameters()).device
    batches = range(0, len(chosen), BATCH_SIZE)
    codes = []
    with at_rest(E_a):
        for first in tqdm(batches, desc="codes", unit="batch", dynamic_ncols=True, delay=1):
            x = normalise(torch.from_numpy(crops[chosen[first : first + BATCH_SIZE]])).to(device)
            codes.append(E_a.code(x if x.shape[2:] == size else F.interpolate(x, size, mode="area")))
    return torch.cat(codes)


def as_options(settings: Mapping[str, object]) -> str:
    """Settings as they are written on a command line."""

    def word(value: object) -> str:
        value = list(value) if isinstance(value, tuple) else value
        return str(value).replace(" ", "") if isinstance(value, list | bool) else f"{value}"

    return " ".join(f"--{name} {word(value)}" for name, value in settings.items())
