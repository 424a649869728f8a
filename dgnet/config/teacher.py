"""The teacher's training."""

from __future__ import annotations

from dataclasses import dataclass, field

from dgnet.config.errors import require
from dgnet.config.network import FROM_TEACHER, BackboneConfig


@dataclass(frozen=True)
class TeacherConfig:
    """The teacher T, trained first on real images alone; it is also the tables' Baseline.

    Args:
        weights: a teacher to use instead of training one (`teacher.safetensors` of another run).
        steps, batch_size: of its training; the default sees as many real images as E_a does in joint training.
        backbone_lr, head_lr: of Nesterov SGD, with cosine decay.
        warmup: steps over which both grow linearly at the start.
        min_accuracy: on its own training images; below it, joint training stops before it starts.
    """

    weights: str = ""
    steps: int = 100_000
    batch_size: int = 32
    backbone_lr: float = 0.005
    head_lr: float = 0.05
    warmup: int = 2_000
    min_accuracy: float = 0.5
    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    def __post_init__(self) -> None:
        require(self.steps >= 1, "teacher.steps", self.steps, "at least 1")
        require(self.batch_size >= 2, "teacher.batch_size", self.batch_size, "at least 2")
        require(0 <= self.min_accuracy <= 1, "teacher.min_accuracy", self.min_accuracy, "a fraction")
        weights = self.backbone.weights
        require(weights != FROM_TEACHER, "teacher.backbone.weights", weights, "a file, 'pretrained' or empty")
