"""MixStyle: in training, early feature maps take on a mixture of two images' styles (Zhou et al. 2021)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

CONCENTRATION: Final = 0.1  # of the Beta distribution: most mixtures lie near one of the two styles
EPS: Final = 1e-6


class MixStyle(nn.Module):
    """Mix each image's style with that of another image of the batch, with a probability per batch.

    The style of a feature map x is its mean mu and deviation sigma over the pixels of each channel: in early layers,
    what camera and light do to an image. With a permutation p of the batch and l ~ Beta(0.1, 0.1) for each image, the
    output is (l sigma + (1 - l) sigma_p) (x - mu) / sigma + l mu + (1 - l) mu_p. Styles are constants: no gradient
    goes through them.

    Random numbers are torch's own, so they follow the seed of the step. In eval mode the output is the input.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to the same shape."""
        if not self.training or not self.probability or torch.rand(()).item() >= self.probability:
            return x
        return mix_styles(x, beta(len(x), x), torch.randperm(len(x), device=x.device))


def mix_styles(x: Tensor, share: Tensor, other: Tensor) -> Tensor:
    """The equation of `MixStyle`: `share` is l, N x 1 x 1 x 1, the share of an image's own style; `other` is p, N."""
    with torch.no_grad():
        sigma, mu = torch.std_mean(x.float(), dim=(2, 3), keepdim=True, correction=0)
        sigma = sigma + EPS
        scale = share + (1 - share) * sigma[other] / sigma
        shift = share * mu + (1 - share) * mu[other] - scale * mu
    return x * scale.to(x.dtype) + shift.to(x.dtype)


def beta(count: int, like: Tensor) -> Tensor:
    """`count` draws of Beta(0.1, 0.1) as a float32 tensor count x 1 x 1 x 1, on the device of `like`."""
    both = torch.full((2, count), CONCENTRATION, device=like.device)
    first, second = torch._standard_gamma(both)
    return (first / (first + second).clamp_min(1e-30)).view(count, 1, 1, 1)
