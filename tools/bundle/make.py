"""From a recipe to the file: averaging weights, measuring, writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import nn

from dgnet.config import RunConfig
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.evaluation.present import machine
from dgnet.files.whole_file import written_whole
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.unfilled import unfilled
from dgnet.models.weights.bundled import BUNDLED
from dgnet.models.weights.ours import load_model, save_model
from tools.bundle.card import RealPeople, on_real_people, on_rendered_people
from tools.bundle.recipe import Recipe, RecipeError, follow

LARGEST: Final = 16_000_000  # bytes


def make(recipe: Recipe, work: Path, people: RealPeople | None, *, install: bool) -> Path:
    """Follow the recipe, and write the mean of its models, in float16 and with its card, to `work`/bundled.safetensors.

    The figures on the card are those of the file, whose weights are rounded to float16. With `install` the file also
    replaces the package's model.

    Raises:
        RecipeError: a step failed, or the file is larger than LARGEST; the package's model is then as it was.
    """
    follow(recipe, work)
    loaded = [load_model(work / name) for name in recipe.mean_of]
    config = loaded[-1].config
    made = work / "bundled.safetensors"
    model = without_classifiers(mean_model([one.model for one in loaded]), config)
    save_model(made, model, config, {}, dtype=torch.float16)
    if made.stat().st_size > LARGEST:
        raise RecipeError(f"{made}: {made.stat().st_size} bytes, must be at most {LARGEST}")
    model = load_model(made).model
    card = {
        "made by": recipe.commands,
        "measured on": machine(),
        "seed": str(config.seed),
        **recipe.card,
        **on_rendered_people(model, config, work / recipe.people),
        **(on_real_people(features_by(None, model), config, people) if people else {}),
    }
    save_model(made, model, config, card, dtype=torch.float16)
    return told_and_installed(made, card, BUNDLED if install else None)


def told_and_installed(made: Path, card: Mapping[str, str], place: Path | None) -> Path:
    """Print the card, and copy the file to `place`, if there is one; returns where the file is then."""
    for heading, text in card.items():
        print(f"{heading}: {text}")
    if place is None:
        return made
    with written_whole(place) as temporary:
        temporary.write_bytes(made.read_bytes())
    return place


def mean_model(models: Sequence[DGNet]) -> DGNet:
    """The last of the models, its weights replaced by the mean of all models' (integer counters stay its own)."""
    *others, last = models
    states = [model.state_dict() for model in others]
    mean = {
        name: torch.stack([tensor, *(state[name] for state in states)]).mean(0)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in last.state_dict().items()
        if ".classifier." not in name
    }
    last.load_state_dict(mean, strict=False)
    return last


def without_classifiers(model: DGNet, config: RunConfig) -> DGNet:
    """The same model for 0 classes: with thousands of training people, classifiers are a quarter of the file."""
    with unfilled():
        slim = DGNet(config.network, 0)
    fill_without_classifiers(slim, model)
    return slim.eval()


def fill_without_classifiers(slim: nn.Module, whole: nn.Module) -> None:
    """Give `slim`, built on `meta` for 0 classes, all tensors of `whole` as its own but those of the classifiers."""
    empty = slim.state_dict()
    kept = {
        name: torch.zeros_like(empty[name], device="cpu") if ".classifier." in name else tensor
        for name, tensor in whole.state_dict().items()
    }
    slim.load_state_dict(kept, assign=True)
