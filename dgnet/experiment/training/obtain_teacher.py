"""The teacher of a run: its own, one that it was told to use, or a new one."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path

import torch

from dgnet.config import BackboneConfig
from dgnet.data.people import People
from dgnet.experiment.training.run import Run
from dgnet.models.appearance import Teacher
from dgnet.models.backbones.choice import start_from
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_teacher, save_teacher
from dgnet.training.checkpoint import UNKNOWN_PEOPLE
from dgnet.training.teacher import TeacherError, check_teacher, train_teacher

logger = logging.getLogger(__name__)


def obtain_teacher(run: Run) -> Teacher:
    """The run's own teacher, the one it was told to use, or a new one trained now; always through the gate.

    One from a file has the architecture that its file says, whatever `teacher.backbone` is.

    Raises:
        TeacherError: it learnt other people than the training set's, or recognises too few of their images.
        WeightsError: a file cannot be read.
    """
    config, folder = run.config, run.folder
    settings = config.teacher
    feed = run.feed(settings.batch_size)
    given = folder.teacher if folder.teacher.exists() else Path(settings.weights) if settings.weights else None
    run.world.wait()  # until all have looked: the first will write that file
    if given:
        loaded = load_teacher(given)
        teacher, name, backbone = place(loaded.model, run.device), str(given), loaded.config.teacher.backbone
        require_same_identities(loaded.card, teacher, run.data.people, name)
        tell_difference(name, backbone, settings.backbone)
    else:
        torch.manual_seed(config.seed)
        backbone = settings.backbone
        teacher = Teacher(backbone, config.network.feature_dim, run.data.num_classes)
        start_from(teacher.backbone, backbone)
        teacher = place(teacher, run.device)
        train_teacher(teacher, feed, run.context(folder.teacher_checkpoints))
        name = "the teacher just trained"
    accuracy = check_teacher(teacher, feed, run.data.num_classes, settings.min_accuracy, name)
    logger.info("%s recognises %.1f%% of its training images", name, 100 * accuracy)
    if run.world.leads and not folder.teacher.exists():
        made = replace(config, teacher=replace(settings, backbone=backbone))
        save_teacher(folder.teacher, teacher, made, card=run.card())
    return teacher


def require_same_identities(card: dict[str, str], teacher: Teacher, people: People, name: str) -> None:
    """Raise TeacherError if a teacher from a file learnt other people, as far as its card says whom it learnt.

    Another number of them is for `check_teacher` to say.
    """
    marks = card.get("people")
    if marks is None:
        logger.warning("%s: %s", name, UNKNOWN_PEOPLE)
        return
    if teacher.num_classes == sum(len(group.identities) for group in people.groups):
        differing = people.strangers_to(marks)
        if differing:
            raise TeacherError(
                f"{name} was trained on other people than the training set's: {'; '.join(differing)}. Give the teacher "
                "of these people, or leave teacher.weights empty to train one"
            )


def tell_difference(name: str, found: BackboneConfig, asked: BackboneConfig) -> None:
    """Log where a given teacher's backbone is another than the settings say: the run's `config.yaml` keeps those."""
    pairs = zip(asdict(found).items(), asdict(asked).values(), strict=True)
    other = [f"{key} {there!r}, not {here!r}" for (key, there), here in pairs if there != here and key != "weights"]
    if other:
        logger.info("%s: its own backbone is used (teacher.backbone: %s)", name, "; ".join(other))
