"""From a recipe to the file: averaging weights, measuring, writing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from dgnet.config import RunConfig
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.evaluation.present import machine
from dgnet.files.whole_file import written_whole
from dgnet.models.appearance import make_room
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
    for heading, text in card.items():
        print(f"{heading}: {text}")
    if not install:
        return made
    with written_whole(BUNDLED) as temporary:
        temporary.write_bytes(made.read_bytes())
    return BUNDLED


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
    make_room(slim, model.state_dict())
    empty = slim.state_dict()
    kept = {
        name: torch.zeros_like(empty[name], device="cpu") if ".classifier." in name else tensor
        for name, tensor in model.state_dict().items()
    }
    slim.load_state_dict(kept, assign=True)
    return slim.eval()
