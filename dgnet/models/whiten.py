"""Putting a linear map of a head's feature into the head's own weights, so that nothing is computed in addition."""

from __future__ import annotations

import torch
from torch import Tensor

from dgnet.models.appearance import Head


@torch.no_grad()
def map_feature(head: Head, W: Tensor, mean: Tensor, covariance: Tensor) -> None:
    """Make `head` give W f where it gave f; its class scores stay what they were.

    The norm's statistics become those of W f, so that the head can be trained on: batch statistics then normalise as
    the running ones do.

    Args:
        head: in eval mode f = s (E x + b - m) + c, with s, m and c of its norm.
        W: F x F, invertible; in float64, as the others.
        mean, covariance: of f over images of people, F and F x F.
    """
    embed, norm = head.embed, head.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    shift = scale * (embed.bias.double() - norm.running_mean.double()) + norm.bias.double()
    new_mean, new_variance = W @ mean, (W @ covariance @ W.T).diagonal()
    embed.weight.copy_(W @ (scale[:, None] * embed.weight.double()))
    embed.bias.copy_(W @ shift)
    norm.running_mean.copy_(new_mean)
    norm.running_var.copy_(new_variance)
    norm.weight.copy_((norm.running_var.double() + norm.eps).sqrt())
    norm.bias.copy_(norm.running_mean)
    head.classifier.weight.copy_(torch.linalg.solve(W.T, head.classifier.weight.double().T).T)
