"""Learning rates, and how they and the loss weights change during a run (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dgnet.config.setting import AT_LEAST_1, BELOW_1, BETWEEN_0_AND_1, NOT_NEGATIVE, POSITIVE, check, setting

Decay = Literal["milestones", "cosine"]


@dataclass(frozen=True)
class ScheduleConfig:
    """When things happen, in steps. `scaled` stretches a schedule to another length.

    Args:
        steps: length of the run.
        ramp_start: the step at which the ramps of `loss` start: until then the weights of the code, cycle, redressed
            and feeding (L_prim, L_fine) losses are 0.
        ramp_rate: how much these weights grow per step from then on, until they reach their values in `loss`.
        milestones: the steps at which every learning rate is multiplied by 0.1.
        warmup: over how many steps at the start learning rates grow linearly (0 as published, where E_a starts from
            ImageNet weights).
        decay: how learning rates fall: at the `milestones`, as published, or along half a `cosine` to 0 at the end.
        id_generated_start: the step at which L_id^c starts. 0 as published, where E_a starts from ImageNet weights; an
            E_a that starts from random weights recognises nobody at first, and its judgement of generated images would
            only disturb G.
    """

    steps: int = setting(100_000, AT_LEAST_1)
    ramp_start: int = setting(30_000, NOT_NEGATIVE)
    ramp_rate: float = setting(0.0005, POSITIVE)
    milestones: tuple[int, ...] = setting((60_000, 90_000, 105_000), NOT_NEGATIVE, ascending=True)
    warmup: int = setting(0, NOT_NEGATIVE)
    decay: Decay = setting("milestones")
    id_generated_start: int = setting(0, NOT_NEGATIVE)

    def __post_init__(self) -> None:
        check(self, "schedule")

    def scaled(self, steps: int) -> ScheduleConfig:
        """The same schedule over another number of steps: every number grows or shrinks with the length."""
        ratio = steps / self.steps
        return replace(
            self,
            steps=steps,
            ramp_start=round(self.ramp_start * ratio),
            ramp_rate=self.ramp_rate / ratio,
            id_generated_start=round(self.id_generated_start * ratio),
            milestones=tuple(round(m * ratio) for m in self.milestones),
            warmup=round(self.warmup * ratio),
        )


@dataclass(frozen=True)
class OptimConfig:
    """Adam for E_s + G and for D, Nesterov SGD for E_a (docs/method.md).

    Args:
        generator_lr: Adam's learning rate for E_s and G.
        discriminator_lr: Adam's learning rate for D.
        muon_lr: learning rate of Muon (`dgnet.training.optim.muon`) for the matrices and convolution kernels of E_s and
            G, whose biases and scales stay with Adam; 0, as published, trains all with Adam. 0.02 suited every size
            tried.
        betas: of both Adams.
        backbone_lr: SGD's learning rate for E_a's backbone; 0 leaves its weights unchanged (useful with `start`, to
            train new classifiers on a trained E_a), but the running statistics of its norms still follow the images.
        head_lr: SGD's learning rate for E_a's two heads; 0 leaves their weights unchanged.
        momentum: of SGD (Nesterov).
        weight_decay: of both Adams and of SGD (Muon has none).
        ema: decay per step of the moving average of E_s's and G's weights, which draws the samples and is saved; 0
            keeps no average.
        appearance_ema: the same of E_a's weights and running statistics; the average is measured, draws the samples and
            is saved. 0, as published, keeps E_a as it is after the last step.
    """

    generator_lr: float = setting(1e-4, POSITIVE)
    discriminator_lr: float = setting(1e-4, POSITIVE)
    betas: tuple[float, float] = setting((0.0, 0.999), BELOW_1)
    backbone_lr: float = setting(0.002, NOT_NEGATIVE)
    head_lr: float = setting(0.02, NOT_NEGATIVE)
    momentum: float = setting(0.9, BETWEEN_0_AND_1)
    weight_decay: float = setting(5e-4, NOT_NEGATIVE)
    muon_lr: float = setting(0.0, NOT_NEGATIVE)
    ema: float = setting(0.999, BELOW_1)
    appearance_ema: float = setting(0.0, BELOW_1)

    def __post_init__(self) -> None:
        check(self, "optim")
