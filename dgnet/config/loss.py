"""Weights and switches of the losses (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dgnet.config.setting import AT_LEAST_1, NOT_NEGATIVE, check, setting

LabelStrategy = Literal["dynamic_soft", "pseudo", "appearance", "lsro", "two_label"]


@dataclass(frozen=True)
class LossConfig:
    """Weights (docs/method.md), label strategy, and the switches between our choices and the published ones.

    Args:
        image, partner_image: L_recon^img1 and L_recon^img2.
        code_a, code_s, cycle, redressed, prim: reached at the end of their ramps.
        fine: as a fraction of the current weight of `prim`.
        redressed: of ||x_i - G(a_t, E_s(x_i redressed))||_1: E_s sees person i in clothes of others that G has just
            drawn (`dgnet.generation.paste`), and what i wears must come from the code. 0 in the published method.
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

    image: float = setting(5.0, NOT_NEGATIVE)
    partner_image: float = setting(5.0, NOT_NEGATIVE)
    code_a: float = setting(1.0, NOT_NEGATIVE)
    code_s: float = setting(1.0, NOT_NEGATIVE)
    cycle: float = setting(2.0, NOT_NEGATIVE)
    redressed: float = setting(0.0, NOT_NEGATIVE)
    adversarial: float = setting(1.0, NOT_NEGATIVE)
    r1: float = setting(0.01, NOT_NEGATIVE)
    r1_every: int = setting(1, AT_LEAST_1)
    id_real: float = setting(1.0, NOT_NEGATIVE)
    id_generated: float = setting(0.5, NOT_NEGATIVE)
    prim: float = setting(2.0, NOT_NEGATIVE)
    fine: float = setting(0.2, NOT_NEGATIVE)
    labels: LabelStrategy = setting("dynamic_soft")
    code1_gradient: bool = setting(True)
    detach_appearance_code: bool = setting(True)
    running_codes: bool = setting(False)
    train_bn: bool = setting(True)
    teacher_dropout: bool = setting(False)

    def __post_init__(self) -> None:
        check(self, "loss")
