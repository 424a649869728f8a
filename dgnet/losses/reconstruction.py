"""L1 reconstruction of images and of codes."""

from __future__ import annotations

from torch import Tensor


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """||target - estimate||_1 as a mean over the tensor, summed over both directions.

    This is L_recon^img1, L_recon^img2, L_recon^code1, L_recon^code2 and the cycle term, by what it is given.

    Args:
        estimate, target: of one shape, 2B first.
    """
    assert estimate.shape == target.shape, f"{estimate.shape} against {target.shape}"
    return 2 * (estimate.float() - target.float()).abs().mean()
