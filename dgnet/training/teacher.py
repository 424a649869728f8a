"""Training the teacher T on real images, and the gate it must pass before it may label generated ones."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from dgnet.config import RunConfig
from dgnet.data.augment import normalise
from dgnet.models.appearance import Teacher
from dgnet.models.layers import channels_last
from dgnet.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, seed_step
from dgnet.training.feed import Feed
from dgnet.training.log import Averages, JsonLines, Watch
from dgnet.training.optim import nesterov, set_lr_factor
from dgnet.training.schedules import cosine_factor

GATE_IMAGES = 2_000


class TeacherError(ValueError):
    """A teacher that cannot be right: its labels would mislead the joint training."""


def train_teacher(teacher: Teacher, feed: Feed, config: RunConfig, directory: Path, autocast: torch.autocast) -> None:
    """Cross-entropy on erased real images, Nesterov SGD, warm-up and cosine decay; continues where it was left.

    Args:
        teacher: on its device; left in eval mode and frozen.
        feed: batches of `config.teacher.batch_size`.
        directory: the run's; checkpoints go to `teacher/`, lines to `log.jsonl`.
    """
    settings = config.teacher
    optimizer = nesterov(
        teacher, settings.backbone_lr, settings.head_lr, config.optim.momentum, config.optim.weight_decay
    )
    folder = directory / "teacher"
    modules, optimizers = {"teacher": teacher}, {"teacher": optimizer}
    found = latest_checkpoint(folder)
    start = load_checkpoint(found, config, modules, optimizers) if found else 0
    log, averages, watch = JsonLines(directory / "log.jsonl", "teacher", start), Averages(), Watch()
    teacher.train()
    began = time.monotonic()
    bar = tqdm(range(start, settings.steps), initial=start, total=settings.steps, desc="teacher", dynamic_ncols=True)
    for step in bar:
        seed_step(config.seed, step)
        set_lr_factor(optimizer, cosine_factor(step, settings.steps, settings.warmup))
        x, label = feed.anchors(step)
        with autocast:
            logits = teacher(x)
        loss = F.cross_entropy(logits.float(), label)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        accuracy = (logits.argmax(dim=1) == label).float().mean()
        averages.add([("cross_entropy", loss.detach()), ("accuracy", accuracy)])
        done = step + 1
        if done % config.log_every == 0 or done == settings.steps:
            means = averages.take()
            watch.check(done, means)
            log.write(done, {**means, "seconds": time.monotonic() - began})
            bar.set_postfix(loss=f"{means['cross_entropy']:.2f}", accuracy=f"{means['accuracy']:.0%}", refresh=False)
        if done % config.checkpoint_every == 0 or done == settings.steps:
            save_checkpoint(folder, done, config, modules, optimizers)
    teacher.freeze()


@torch.inference_mode()
def accuracy_on(teacher: Teacher, feed: Feed, batch_size: int = 256) -> float:
    """The fraction of (at most 2 000) training images, as they are, that the teacher recognises."""
    indices = np.linspace(0, len(feed) - 1, min(len(feed), GATE_IMAGES)).astype(np.int64)
    right = 0
    for start in range(0, len(indices), batch_size):
        part = indices[start : start + batch_size]
        guess = teacher(channels_last(normalise(feed.images_u8(part)))).argmax(dim=1).cpu()
        right += int((guess == feed.labels[part]).sum())
    return right / len(indices)


def check_teacher(teacher: Teacher, feed: Feed, num_classes: int, min_accuracy: float, name: str) -> float:
    """The gate: returns the accuracy on training images.

    Args:
        name: how a message should call the teacher: its file, or `the teacher just trained`.

    Raises:
        TeacherError: it tells another number of identities apart, or recognises too few of its training images.
    """
    if teacher.num_classes != num_classes:
        raise TeacherError(
            f"{name} tells {teacher.num_classes} identities apart, but the training set has {num_classes}: it was "
            "trained on other data. Give the teacher of this data set, or leave teacher.weights empty to train one"
        )
    accuracy = accuracy_on(teacher, feed)
    if accuracy < min_accuracy:
        raise TeacherError(
            f"{name} recognises {accuracy:.1%} of its own training images, less than the {min_accuracy:.0%} it needs "
            "(teacher.min_accuracy) for its labels to mean anything. Train it longer (teacher.steps), check its "
            "learning rates, or check that the identities' labels are right"
        )
    return accuracy
