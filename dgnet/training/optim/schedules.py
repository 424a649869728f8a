"""Weights and learning rates as pure functions of the step: nothing is mutated, so a resumed run continues exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from dgnet.config import LossConfig, ScheduleConfig


@dataclass(frozen=True)
class RampedWeights:
    """The weights that depend on the step, numbers or 0-dimensional tensors; and which passes they make necessary."""

    id_generated: float | Tensor
    code_a: float | Tensor
    code_s: float | Tensor
    cycle: float | Tensor
    redrawn: float | Tensor
    prim: float | Tensor
    fine: float | Tensor

    @property
    def judged(self) -> bool:
        """E_a looks at x_ij."""
        return bool(self.id_generated or self.code_a or self.cycle)

    @property
    def returned(self) -> bool:
        """E_s looks at x_ij, and its codes must give back what x_ij was made of."""
        return bool(self.code_s or self.cycle)

    @property
    def cycled(self) -> bool:
        """x_iji is drawn."""
        return bool(self.cycle)

    @property
    def repeated(self) -> bool:
        """E_s looks at x_i redressed, and x_i is drawn from that."""
        return bool(self.redrawn)

    @property
    def fed(self) -> bool:
        """E_a learns from x_ij."""
        return bool(self.prim)


def ramp(step: int, schedule: ScheduleConfig, end: float) -> float:
    """0 until `ramp_start`, then `ramp_rate` more each step, up to `end`."""
    return min(end, max(0.0, schedule.ramp_rate * (step - schedule.ramp_start)))


def ramped_weights(step: int, schedule: ScheduleConfig, loss: LossConfig) -> RampedWeights:
    """The ramped weights at `step`; L_fine's is a fixed fraction of L_prim's."""
    prim = ramp(step, schedule, loss.prim)
    return RampedWeights(
        id_generated=loss.id_generated if step >= schedule.id_generated_start else 0.0,
        code_a=ramp(step, schedule, loss.code_a),
        code_s=ramp(step, schedule, loss.code_s),
        cycle=ramp(step, schedule, loss.cycle),
        redrawn=ramp(step, schedule, loss.redrawn),
        prim=prim,
        fine=loss.fine * prim,
    )


def lr_factor(step: int, schedule: ScheduleConfig) -> float:
    """What every base learning rate is multiplied by: linear warm-up, then x 0.1 at each milestone, or a cosine."""
    if schedule.decay == "cosine":
        return cosine_factor(step, schedule.steps, schedule.warmup)
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    return warm * math.prod(0.1 for milestone in schedule.milestones if step >= milestone)


def cosine_factor(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up over `warmup` steps, then a half cosine down to zero at `steps`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
