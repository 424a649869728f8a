"""The teacher's training."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.config.errors import require
from dgnet.config.network import FROM_TEACHER, BackboneConfig
from dgnet.config.setting import (
    AT_LEAST_1,
    AT_LEAST_2,
    BELOW_1,
    FRACTION,
    NOT_NEGATIVE,
    PLACE,
    RUNNING,
    check,
    part,
    setting,
)


@dataclass(frozen=True)
class TeacherConfig:
    """The teacher T, trained first, on real images alone; it is also the Baseline of the paper's tables.

    Args:
        weights: a teacher to use instead of training one: another run, or its `teacher.safetensors`. It must
            know the people of the training set, unless nobody takes its labels (`loss.prim` 0).
        steps: of its training; by default it sees as many real images as E_a does in joint training.
        batch_size: real images per step.
        backbone_lr: learning rate of its backbone, by Nesterov SGD with cosine decay. With 0 the backbone stays as it
            begins, running statistics included.
        head_lr: learning rate of its head, by Nesterov SGD with cosine decay.
        warmup: over how many steps at the start both rates grow linearly.
        smoothing: how much of each image's label is spread evenly over all identities in its cross-entropy.
        triplet: weight of the triplet term on its feature (`dgnet.losses.triplet`). With it, half of a batch are
            anchors and half their partners, so that everybody is there twice.
        ema: decay per step of the average of its weights and running statistics; the average is the teacher that is
            kept. 0 keeps the weights of the last step.
        min_accuracy: the least accuracy on its own training images with which joint training starts; a Baseline alone
            is kept whatever it has.
    """

    weights: str = setting("", role=PLACE)
    steps: int = setting(100_000, AT_LEAST_1)
    batch_size: int = setting(32, AT_LEAST_2)
    backbone_lr: float = setting(0.005, NOT_NEGATIVE)
    head_lr: float = setting(0.05, NOT_NEGATIVE)
    warmup: int = setting(2_000, NOT_NEGATIVE)
    smoothing: float = setting(0.0, BELOW_1)
    triplet: float = setting(0.0, NOT_NEGATIVE)
    ema: float = setting(0.0, BELOW_1)
    min_accuracy: float = setting(0.5, FRACTION, RUNNING)
    backbone: BackboneConfig = part(BackboneConfig)

    def __post_init__(self) -> None:
        check(self, "teacher")
        even = self.batch_size % 2 == 0 or not self.triplet
        require(even, "teacher.batch_size", self.batch_size, "even with teacher.triplet: half are anchors")
        weights = self.backbone.weights
        require(weights != FROM_TEACHER, "teacher.backbone.weights", weights, "a file, 'pretrained' or empty")
