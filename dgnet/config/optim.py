"""How fast networks learn, and when: rates, ramps and decays (docs/method.md)."""

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
        ramp_start: code, cycle and feeding losses are off until then.
        ramp_rate: and grow by this much per step from then on, up to their weights.
        milestones: every learning rate is multiplied by 0.1 at each.
        warmup: learning rates grow linearly over the first so many steps (0 as published: the start is ImageNet's).
        decay: of the learning rates: at the `milestones`, as published, or along half a `cosine` to 0 at the end.
        id_generated_start: L_id^c is off until then. 0 as published, where E_a starts from ImageNet; an E_a that starts
            from nothing knows nobody yet, and its judgement of drawn people only disturbs G.
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
        generator_lr, discriminator_lr: of Adam.
        muon_lr: of Muon (`dgnet.training.optim.muon`) for the matrices and kernels of E_s and G, Adam keeping biases
            and scales; 0, as published, leaves all to Adam. 0.02 suited every size tried.
        betas: of both Adams.
        backbone_lr, head_lr: of SGD, for E_a's ResNet and for its two heads; 0 leaves the weights of either as they are
            (with `start`: a trained E_a, new classifiers; its norms' running statistics still follow the images).
        momentum: Nesterov's, of SGD.
        weight_decay: of all three (Muon has none).
        ema: decay per step of the averaged E_s and G that draw the samples and are saved; 0 keeps no average.
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

    def __post_init__(self) -> None:
        check(self, "optim")
