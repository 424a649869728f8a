"""How E_s, G and D learn while a model is adapted to images without labels (docs/adapt.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dgnet.config.setting import AT_LEAST_1, LEARNING, NOT_NEGATIVE, POSITIVE, check, setting


@dataclass(frozen=True)
class DrawingConfig:
    """Weights and learning rates of the generator's part of adaptation. Terms are those of `loss` with these names.

    Args:
        image: weight of ||x - G(a, s)||_1.
        partner_image: weight of the same with the code a of another image: of the same cluster, or of the same person
            where labels are known.
        adversarial: weight of L_adv. It grows from 0 to this in the first epoch, in which D gets to know the images.
        r1: weight of the gradient penalty inside L_adv.
        r1_every: the penalty is computed once in this many steps, and then weighs this many times more.
        code_a: weight of L_recon^code1, through the mean teacher.
        code_s: weight of L_recon^code2.
        redressed: weight of the term by which G must take clothes from a (`loss.redressed`).
        id_generated: weight of the cross-entropy of x_ij in i's clothes and i's cluster, through the mean teacher.
        fed: weight of the mean teacher's soft labels of generated images, from which E_a learns. It is 0 in the first
            epoch, grows in the second, and is this from then on.
        generator_lr: Adam's learning rate for E_s and G.
        muon_lr: Muon's, for their matrices and kernels; 0 trains all with Adam.
        discriminator_lr: Adam's, for D.
    """

    image: float = setting(5.0, NOT_NEGATIVE, LEARNING)
    partner_image: float = setting(5.0, NOT_NEGATIVE, LEARNING)
    adversarial: float = setting(1.0, NOT_NEGATIVE, LEARNING)
    r1: float = setting(0.01, NOT_NEGATIVE, LEARNING)
    r1_every: int = setting(8, AT_LEAST_1, LEARNING)
    code_a: float = setting(1.0, NOT_NEGATIVE, LEARNING)
    code_s: float = setting(1.0, NOT_NEGATIVE, LEARNING)
    redressed: float = setting(10.0, NOT_NEGATIVE, LEARNING)
    id_generated: float = setting(0.05, NOT_NEGATIVE, LEARNING)
    fed: float = setting(0.5, NOT_NEGATIVE, LEARNING)
    generator_lr: float = setting(2e-4, POSITIVE, LEARNING)
    muon_lr: float = setting(0.004, NOT_NEGATIVE, LEARNING)
    discriminator_lr: float = setting(4e-4, POSITIVE, LEARNING)

    def __post_init__(self) -> None:
        check(self, "drawing")

    def at(self, step: int, epoch: int) -> DrawingConfig:
        """The weights at `step`, with `epoch` steps per epoch."""
        begun = step / epoch
        return replace(
            self, adversarial=self.adversarial * min(1.0, begun), fed=self.fed * min(1.0, max(0.0, begun - 1.0))
        )
