"""Weights and learning rates as pure functions of the step: nothing is mutated, so a resumed run continues exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from dgnet.config import LossConfig, ScheduleConfig


@dataclass(frozen=True)
class Passes:
    """Which optional passes a joint step needs, because the weight of a term that uses them is not zero.

    | term of `Terms` | pass |
    |---|---|
    | id_generated, code_a | `E_a_of_swap`: a frozen E_a looks at x_ij |
    | code_s | `E_s_of_swap`: E_s looks at x_ij |
    | cycle | `cycle`: G draws x_iji from the codes of these two passes, so it needs both of them too |
    | redressed | `redressed`: E_s looks at x_i redressed (in clothes of others), and G draws x_i from that |
    | prim, fine, fine_real | `feeding`: E_a learns from x_ij, which T labels |
    """

    E_a_of_swap: bool
    E_s_of_swap: bool
    cycle: bool
    redressed: bool
    feeding: bool


@dataclass(frozen=True)
class RampedWeights:
    """The loss weights that depend on the step, as numbers or 0-dimensional tensors."""

    id_generated: float | Tensor
    code_a: float | Tensor
    code_s: float | Tensor
    cycle: float | Tensor
    redressed: float | Tensor
    prim: float | Tensor
    fine: float | Tensor

    @property
    def needs(self) -> Passes:
        """The passes that the terms of non-zero weight need."""
        return Passes(
            E_a_of_swap=bool(self.id_generated or self.code_a or self.cycle),
            E_s_of_swap=bool(self.code_s or self.cycle),
            cycle=bool(self.cycle),
            redressed=bool(self.redressed),
            feeding=bool(self.prim),
        )


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
        redressed=ramp(step, schedule, loss.redressed),
        prim=prim,
        fine=loss.fine * prim,
    )


def lr_factor(step: int, schedule: ScheduleConfig) -> float:
    """The factor of every base learning rate: linear warm-up, then x 0.1 at each milestone, or `cosine_factor`."""
    if schedule.decay == "cosine":
        return cosine_factor(step, schedule.steps, schedule.warmup)
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    return warm * math.prod(0.1 for milestone in schedule.milestones if step >= milestone)


def cosine_factor(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up over `warmup` steps, then a half cosine down to zero at `steps`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
