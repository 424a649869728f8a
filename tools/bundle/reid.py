"""From a recipe without joint training to the bundled model that recognises real people: T without its classifier."""

from __future__ import annotations

from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.evaluation.present import machine
from dgnet.models.appearance import Teacher
from dgnet.models.layers.unfilled import unfilled
from dgnet.models.weights.bundled import BUNDLED_REID
from dgnet.models.weights.ours import load_teacher, save_teacher
from dgnet.retrieval.rows import BASELINE
from tools.bundle.card import RealPeople, images_of, on_real_people, reid_of
from tools.bundle.make import fill_without_classifiers, told_and_installed
from tools.bundle.recipe import Recipe, follow


def make_reid(recipe: Recipe, work: Path, people: RealPeople | None, *, install: bool) -> Path:
    """Follow the recipe, and write its teacher, in float16 and with its card, to `work`/bundled_reid.safetensors.

    The figures on the card are those of the file. With `install` the file also replaces the package's.

    Raises:
        RecipeError: a step failed; the package's model is then as it was.
    """
    follow(recipe, work)
    loaded = load_teacher(work / recipe.mean_of[-1])
    config, made = loaded.config, work / BUNDLED_REID.name
    save_teacher(made, without_classifier(loaded.model, config), config, {}, dtype=torch.float16)
    teacher = load_teacher(made).model
    features = features_by(teacher, None)
    card = {
        "made by": recipe.commands,
        "measured on": machine(),
        "seed": str(config.seed),
        **recipe.card,
        "training images": images_of(work / recipe.people),
        "re-id": reid_of(features, BASELINE, config),
        **(on_real_people(features, config, people) if people else {}),
    }
    save_teacher(made, teacher, config, card, dtype=torch.float16)
    return told_and_installed(made, card, BUNDLED_REID if install else None)


def without_classifier(teacher: Teacher, config: RunConfig) -> Teacher:
    """The same teacher for 0 classes: with thousands of training people, the classifier is half of the file."""
    with unfilled():
        slim = Teacher(config.teacher.backbone, teacher.head.embed.out_features, 0, teacher.head.dropout.p)
    fill_without_classifiers(slim, teacher)
    return slim.freeze()
