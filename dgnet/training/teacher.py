"""Training the teacher T on real images, and the check that it must pass before it may label generated ones."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F

from dgnet.data.normalise import normalise
from dgnet.errors import DgnetError
from dgnet.losses.triplet import triplet
from dgnet.models.appearance import Teacher
from dgnet.models.layers.units import channels_last
from dgnet.training.feed import Feed
from dgnet.training.optim.optimizers import average_into, nesterov, numbers_of, set_lr_factor
from dgnet.training.optim.schedules import cosine_factor
from dgnet.training.session import Context, NamedTerms, Session
from dgnet.training.synthetic_feed import SyntheticFeed

GATE_IMAGES = 2_000


class TeacherError(DgnetError, ValueError):
    """A teacher that does not fit the training set, so that its labels would mislead the joint training."""


def train_teacher(teacher: Teacher, feed: Feed, context: Context, synthetic: SyntheticFeed | None = None) -> None:
    """Train by cross-entropy on random-erased real images: Nesterov SGD, warm-up, cosine decay of the learning rates.

    With `config.teacher.triplet` the triplet term is added, with `config.teacher.ema` the teacher becomes the average
    along the way. Continues from the newest checkpoint, if there is one.

    Args:
        teacher: on its device; afterwards in eval mode and frozen.
        feed: this process's batches of `config.teacher.batch_size`; with the triplet term, of half as many anchors.
        context: of the run.
        synthetic: images with soft labels that are in each batch too; None where there are none.

    Raises:
        What `Session` and its `run` raise.
    """
    config, settings = context.config, context.config.teacher
    optimizer = nesterov(
        teacher, settings.backbone_lr, settings.head_lr, config.optim.momentum, config.optim.weight_decay
    )
    average = copy.deepcopy(teacher) if settings.ema else None
    modules = {"teacher": teacher} | ({"average": average} if average else {})
    session = Session("teacher", settings.steps, modules, {"teacher": optimizer}, context)
    teacher.train()
    if not settings.backbone_lr:  # its running statistics keep still too, so that it gives the features that it gave
        teacher.backbone.eval().requires_grad_(False)

    def step(step: int) -> NamedTerms:
        set_lr_factor(optimizer, cosine_factor(step, settings.steps, settings.warmup))
        x, label = feed.pairs(step) if settings.triplet else feed.anchors(step)
        target, real = label, len(x)
        if synthetic:
            x_synthetic, q = synthetic.batch(step)
            x = torch.cat([x, x_synthetic])
            target = torch.cat([F.one_hot(label, q.shape[1]).to(q.dtype), q])
        with context.autocast:
            feature, logits = teacher.describe(x)
        loss = cross_entropy = F.cross_entropy(logits.float(), target, label_smoothing=settings.smoothing)
        terms = [("cross_entropy", cross_entropy.detach())]
        if settings.triplet:
            apart = triplet(feature[:real], label)
            loss = loss + settings.triplet * apart
            terms.append(("triplet", apart.detach()))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if average:
            average_into(numbers_of(average), numbers_of(teacher), min(settings.ema, (step + 1) / (step + 10)))
        return [*terms, ("accuracy", (logits[:real].argmax(dim=1) == label).float().mean())]

    def show(means: Mapping[str, float]) -> dict[str, str]:
        return {"loss": f"{means['cross_entropy']:.2f}", "accuracy": f"{means['accuracy']:.0%}"}

    session.run(step, show)
    if average:
        teacher.load_state_dict(average.state_dict())
    teacher.freeze()


@torch.inference_mode()
def accuracy_on(teacher: Teacher, feed: Feed, batch_size: int = 256) -> float:
    """The fraction of training images, not augmented and at most `GATE_IMAGES`, that the teacher classifies rightly."""
    indices = np.linspace(0, len(feed) - 1, min(len(feed), GATE_IMAGES)).astype(np.int64)
    right = 0
    for start in range(0, len(indices), batch_size):
        part = indices[start : start + batch_size]
        guess = teacher(channels_last(normalise(feed.images_u8(part)))).argmax(dim=1).cpu()
        right += int((guess == feed.labels[part]).sum())
    return right / len(indices)


def check_teacher(teacher: Teacher, feed: Feed, num_classes: int, min_accuracy: float, name: str) -> float:
    """Check that the teacher fits the training set, and return its accuracy on training images.

    Args:
        num_classes: the number of identities in the training set.
        min_accuracy: the least accuracy that is accepted.
        name: what messages call the teacher: its file, or `the teacher just trained`.

    Raises:
        TeacherError: it has another number of classes, or its accuracy is less than `min_accuracy`.
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
