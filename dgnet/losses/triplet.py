"""The triplet term: a person's images lie nearer to each other than to anybody else's."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def triplet(feature: Tensor, label: Tensor) -> Tensor:
    """The soft-margin batch-hard triplet term (Hermans et al. 2017), summed over both directions.

    For an image with feature f, p its farthest image of the same label in the batch and n its nearest of another:
    log(1 + exp(|f - p| - |f - n|)). The mean is over the images that have both, times 2; 0 where no image has both.

    Args:
        feature: N x F, anchors and partners of both directions.
        label: N, int64.
    """
    f = feature.float()
    square = f.square().sum(dim=1)
    # The least distance keeps the gradient of the root finite where two features are equal.
    distance = (square[:, None] + square[None, :] - 2 * f @ f.T).clamp_min(1e-12).sqrt()
    same = label[:, None] == label[None, :]
    other = ~same
    same &= ~torch.eye(len(f), dtype=torch.bool, device=f.device)
    farthest = distance.masked_fill(~same, 0.0).amax(dim=1)
    nearest = distance.masked_fill(~other, torch.finfo(f.dtype).max).amin(dim=1)
    has_both = same.any(dim=1) & other.any(dim=1)
    terms = torch.where(has_both, F.softplus(farthest - torch.where(has_both, nearest, 0.0)), 0.0)
    return 2 * terms.sum() / has_both.sum().clamp_min(1)
