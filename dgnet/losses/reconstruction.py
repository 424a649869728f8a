"""L1 reconstruction of images and of codes."""

from __future__ import annotations

from torch import Tensor


def l1(estimate: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """||w (target - estimate)||_1 as a mean over each half of the doubled batch, summed over both.

    Depending on its arguments, this is L_recon^img1, L_recon^img2, L_recon^code1, L_recon^code2 or the cycle term.

    Args:
        estimate, target: of the same shape, with 2B as its first dimension.
        weight: w, of a shape that theirs contains; None is 1 everywhere.
    """
    assert estimate.shape == target.shape, f"{estimate.shape} against {target.shape}"
    difference = (estimate.float() - target.float()).abs()
    return 2 * (difference if weight is None else weight * difference).mean()
