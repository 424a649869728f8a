"""Weights and switches of the losses (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from dgnet.config.errors import require

LabelStrategy = Literal["dynamic_soft", "pseudo", "appearance", "lsro", "two_label"]


@dataclass(frozen=True)
class LossConfig:
    """Weights (docs/method.md), label strategy, and the switches between our choices and the published ones.

    Args:
        image, partner_image: L_recon^img1 and L_recon^img2.
        code_a, code_s, cycle, redrawn, prim: reached at the end of their ramps.
        fine: as a fraction of the current weight of `prim`.
        redrawn: of ||x_i - G(a_t, E_s(x_i redressed))||_1: E_s sees person i in clothes of others that G has just drawn
            (`dgnet.generation.paste`), and what i wears must come from the code. 0 in the published method.
        adversarial, r1: of L_adv, and of the gradient penalty inside it.
        r1_every: the penalty is taken every so many steps, and weighs as many times more.
        id_real, id_generated: L_id^s and L_id^c.
        labels: what a generated image's label is, for L_prim.
        code1_gradient: L_recon^code1 reaches G and E_s; off, it reaches nothing, as in the published code.
        detach_appearance_code: reconstruction never changes E_a.
        running_codes: codes that G draws from, and that judge x_ij, are taken by E_a's running statistics, as in use;
            off, by each batch's own, as published.
        train_bn: other than there, generated images are normalised by their own batch's statistics in E_a and T.
        teacher_dropout: the teacher labels with its dropout on, as the published code does by accident.
    """

    image: float = 5.0
    partner_image: float = 5.0
    code_a: float = 1.0
    code_s: float = 1.0
    cycle: float = 2.0
    redrawn: float = 0.0
    adversarial: float = 1.0
    r1: float = 0.01
    r1_every: int = 1
    id_real: float = 1.0
    id_generated: float = 0.5
    prim: float = 2.0
    fine: float = 0.2
    labels: LabelStrategy = "dynamic_soft"
    code1_gradient: bool = True
    detach_appearance_code: bool = True
    running_codes: bool = False
    train_bn: bool = True
    teacher_dropout: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, float):
                require(value >= 0, f"loss.{item.name}", value, "0 or more")
        require(self.r1_every >= 1, "loss.r1_every", self.r1_every, "at least 1")
        require(self.labels in get_args(LabelStrategy), "loss.labels", self.labels, f"one of {get_args(LabelStrategy)}")
