"""The teacher of a run: the one in its folder, one that the settings name, or a new one."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace

import torch

from dgnet.config import BackboneConfig
from dgnet.data.people import People
from dgnet.experiment.training.cards import BEGUN_AS, card
from dgnet.experiment.training.checks import teacher_file
from dgnet.experiment.training.run import Run
from dgnet.experiment.training.start_teacher import TeacherStart, can_begin_as, teach_on_from
from dgnet.models.appearance import Teacher
from dgnet.models.backbones.choice import start_from
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_teacher, save_teacher
from dgnet.training.checkpoint import UNKNOWN_PEOPLE, latest_checkpoint
from dgnet.training.feed import Feed
from dgnet.training.teacher import TeacherError, check_teacher, train_teacher

logger = logging.getLogger(__name__)


def obtain_teacher(run: Run, start: TeacherStart | None = None) -> Teacher:
    """The teacher in the run's folder, else the one in `teacher.weights`, else a new one that is trained now.

    A new one begins as the E_a of `start`, or as the T that it is, where they are the same network, else with the
    weights that `teacher.backbone.weights` names.

    Whichever it is, its accuracy on the training images is checked, unless nobody takes its labels: then E_a alone
    begins with it, and it may have learnt other people. A teacher from a file keeps the backbone with which it was
    saved, whatever `teacher.backbone` says; the copy in the run's folder tells by which settings it was trained.

    Raises:
        TeacherError: it was trained on other people than those of the training set, or recognises too few of their
            images.
        WeightsError: a file cannot be read.
    """
    config, folder = run.config, run.folder
    settings = config.teacher
    num_synthetic = config.data.num_synthetic(settings.batch_size)
    num_real = settings.batch_size - num_synthetic
    feed = run.feed(max(num_real // 2, 1) if settings.triplet else num_real)  # with it, of pairs
    given = folder.teacher if folder.teacher.exists() else teacher_file(settings.weights) if settings.weights else None
    labels_are_taken = not config.joint or config.loss.prim > 0
    run.world.wait()  # until all processes have looked for the teacher, because the first will write it
    if given:
        loaded = load_teacher(given)
        teacher, name, taught = place(loaded.model, run.device), str(given), loaded.config.teacher
        if labels_are_taken:
            require_same_identities(loaded.card, teacher, run.data.people, name)
            said = card(run)
            if BEGUN_AS in loaded.card:
                said[BEGUN_AS] = loaded.card[BEGUN_AS]
        else:
            said = loaded.card  # it says on whom this teacher was trained
        tell_difference(name, taught.backbone, settings.backbone)
    else:
        torch.manual_seed(config.seed)
        taught = settings
        teacher = Teacher(settings.backbone, config.network.feature_dim, run.data.num_classes)
        begun = start if start and can_begin_as(start, config) else None
        said = card(run, begun)
        if start and not begun:
            logger.info("start: T is another network than E_a of %s, so it begins without it", config.start)
        new = latest_checkpoint(folder.teacher_checkpoints) is None  # else all of it is restored from there
        if new and begun:
            teach_on_from(begun, teacher, config, run.data.people)
        elif new:
            start_from(teacher.backbone, settings.backbone)
        teacher = place(teacher, run.device)
        train_teacher(teacher, feed, run.context(folder.teacher_checkpoints), run.synthetic_feed(num_synthetic))
        name = "the teacher just trained"
    if labels_are_taken:
        check_labels(run, teacher, feed, name)
    if run.world.leads and not folder.teacher.exists():
        save_teacher(folder.teacher, teacher, replace(config, teacher=taught), said)
    return teacher


def check_labels(run: Run, teacher: Teacher, feed: Feed, name: str) -> None:
    """Log the teacher's accuracy on training images. Raises TeacherError where its labels would be of no use."""
    config = run.config
    least = config.teacher.min_accuracy if config.joint else 0.0  # a Baseline is measured as it is
    accuracy = check_teacher(teacher, feed, run.data.num_classes, least, name)
    logger.info("%s recognises %.1f%% of its training images", name, 100 * accuracy)


def require_same_identities(card: dict[str, str], teacher: Teacher, people: People, name: str) -> None:
    """Raise TeacherError if a teacher from a file was trained on other people, as far as its card names them.

    Where the number of people differs, nothing is raised here; `check_teacher` raises.
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
    """Log how the backbone of a given teacher differs from `teacher.backbone`, which the run's `config.yaml` states."""
    pairs = zip(asdict(found).items(), asdict(asked).values(), strict=True)
    other = [f"{key} {there!r}, not {here!r}" for (key, there), here in pairs if there != here and key != "weights"]
    if other:
        logger.info("%s: its own backbone is used (teacher.backbone: %s)", name, "; ".join(other))
