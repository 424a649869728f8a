"""Weights and switches of the losses (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dgnet.config.setting import AT_LEAST_1, BELOW_1, NOT_NEGATIVE, check, setting

LabelStrategy = Literal["dynamic_soft", "pseudo", "appearance", "lsro", "two_label"]


@dataclass(frozen=True)
class LossConfig:
    """Weights (docs/method.md), label strategy, and the switches between our choices and the published ones.

    Args:
        image: weight of L_recon^img1.
        partner_image: weight of L_recon^img2.
        code_a: weight of L_recon^code1 at the end of its ramp (`schedule.ramp_start`).
        code_s: weight of L_recon^code2 at the end of its ramp.
        cycle: weight of the cycle term at the end of its ramp.
        prim: weight of L_prim at the end of its ramp.
        fine: weight of L_fine, as a fraction of the current weight of `prim`.
        redressed: weight, at the end of its ramp, of ||x_i - G(a_t, E_s(x_i redressed))||_1: E_s sees person i in other
            people's clothes, which G has just drawn (`dgnet.generation.paste`), so that G must take i's clothes from
            the code a_t. 0 in the published method.
        true_swap: weight of ||x_ij - G(a_i, s_j)||_1 on pairs of training images whose true swap x_ij is known, which
            only rendered people have (`dgnet data mannequin --train_swaps`); 0 in the published method.
        true_swap_changed: pixels that the true swap changes count so much more in that term, so that G would rather
            paint too much than leave x_j's own clothes.
        adversarial: weight of L_adv.
        r1: weight of the gradient penalty inside L_adv.
        r1_every: the penalty is computed once in this many steps, and then weighs this many times more.
        id_real: weight of L_id^s, on real images.
        smoothing: how much of each real image's label is spread evenly over all identities, in the cross-entropies that
            train E_a; 0 in the published method.
        triplet: weight of the triplet term on f_prim of real images (`dgnet.losses.triplet`), which trains E_a; 0 in
            the published method.
        id_generated: weight of L_id^c, on generated images.
        labels: how L_prim labels a generated image.
        code1_gradient: L_recon^code1 trains G and E_s; off, it trains nothing, as in the published code.
        detach_appearance_code: reconstruction never changes E_a.
        running_codes: E_a computes the codes that G draws from, and the codes and class scores that x_ij is judged by,
            with its running statistics, as after training; off, with those of each batch, as published.
        train_bn: elsewhere, E_a and T normalise generated images with the statistics of their own batch.
        teacher_dropout: T's dropout is on while it labels, as happens by accident in the published code.
    """

    image: float = setting(5.0, NOT_NEGATIVE)
    partner_image: float = setting(5.0, NOT_NEGATIVE)
    code_a: float = setting(1.0, NOT_NEGATIVE)
    code_s: float = setting(1.0, NOT_NEGATIVE)
    cycle: float = setting(2.0, NOT_NEGATIVE)
    redressed: float = setting(0.0, NOT_NEGATIVE)
    true_swap: float = setting(0.0, NOT_NEGATIVE)
    true_swap_changed: float = setting(0.0, NOT_NEGATIVE)
    adversarial: float = setting(1.0, NOT_NEGATIVE)
    r1: float = setting(0.01, NOT_NEGATIVE)
    r1_every: int = setting(1, AT_LEAST_1)
    id_real: float = setting(1.0, NOT_NEGATIVE)
    smoothing: float = setting(0.0, BELOW_1)
    triplet: float = setting(0.0, NOT_NEGATIVE)
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
