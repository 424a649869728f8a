"""How fast networks learn, and when: rates, ramps and decays (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from dgnet.config.errors import require

Decay = Literal["milestones", "cosine"]


@dataclass(frozen=True)
class ScheduleConfig:
    """When things happen, in steps. `scaled` stretches a schedule to another length.

    Args:
        steps: length of the run.
        ramp_start: code, cycle and feeding losses are off until then.
        ramp_rate: and grow by this much a step from then on, up to their weights.
        milestones: every learning rate is multiplied by 0.1 at each.
        warmup: learning rates grow linearly over the first so many steps (0 as published: the start is ImageNet's).
        decay: of the learning rates: at the `milestones`, as published, or along half a `cosine` to 0 at the end.
        id_generated_start: L_id^c is off until then. 0 as published, where E_a starts from ImageNet; an E_a that starts
            from nothing knows nobody yet, and its judgement of drawn people only disturbs G.
    """

    steps: int = 100_000
    ramp_start: int = 30_000
    ramp_rate: float = 0.0005
    milestones: tuple[int, ...] = (60_000, 90_000, 105_000)
    warmup: int = 0
    decay: Decay = "milestones"
    id_generated_start: int = 0

    def __post_init__(self) -> None:
        require(self.steps >= 1, "schedule.steps", self.steps, "at least 1")
        require(self.ramp_start >= 0, "schedule.ramp_start", self.ramp_start, "0 or more")
        require(self.ramp_rate > 0, "schedule.ramp_rate", self.ramp_rate, "above 0")
        require(self.id_generated_start >= 0, "schedule.id_generated_start", self.id_generated_start, "0 or more")
        require(self.decay in get_args(Decay), "schedule.decay", self.decay, f"one of {get_args(Decay)}")
        require(list(self.milestones) == sorted(self.milestones), "schedule.milestones", self.milestones, "ascending")
        require(self.warmup >= 0, "schedule.warmup", self.warmup, "0 or more")

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
        momentum: of SGD.
        weight_decay: of all three (Muon has none).
        ema: decay a step of the averaged E_s and G that draw the samples and are saved; 0 keeps no average.
    """

    generator_lr: float = 1e-4
    discriminator_lr: float = 1e-4
    betas: tuple[float, float] = (0.0, 0.999)
    backbone_lr: float = 0.002
    head_lr: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 5e-4
    muon_lr: float = 0.0
    ema: float = 0.999

    def __post_init__(self) -> None:
        for name in ("generator_lr", "discriminator_lr"):
            require(getattr(self, name) > 0, f"optim.{name}", getattr(self, name), "above 0")
        for name in ("muon_lr", "backbone_lr", "head_lr"):
            require(getattr(self, name) >= 0, f"optim.{name}", getattr(self, name), "0 or more")
        require(0 <= self.ema < 1, "optim.ema", self.ema, "in [0, 1)")
