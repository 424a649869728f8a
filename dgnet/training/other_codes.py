"""G for the codes of another E_a than the one it was trained with, by least squares.

Each MLP of G begins with a linear layer that reads a part of the appearance code: h = W a + b. Where the new E_a gives
the code a' of the image whose old code is a, W' and b' of the new layer minimise the ridge regression

    sum_n |W' a'_n + b' - (W a_n + b)|^2 + lambda |W'|^2

over images n, so G draws for a' what it drew for a, as far as a' tells.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from dgnet.models.decoder import Decoder

RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0)  # lambda is one of these x N x the variance of the code's numbers
HELD_OUT: Final = 0.1  # of the images; they choose lambda


@torch.no_grad()
def fit_to_codes(decoder: Decoder, codes: Tensor, old: Decoder, old_codes: Tensor) -> float:
    """Set the first layer of each MLP of `decoder` to read `codes` as that of `old` reads `old_codes`.

    Args:
        codes, old_codes: of the same N images, N x A x 4 and N x A' x 4; a good deal more than A of them are wanted.

    Returns:
        How much of the variance of what these layers give is met, on held-out images; 1 is all of it.
    """
    parts, old_parts = decoder.parts(codes) * 2, old.parts(old_codes) * 2
    met = [
        _fit(layer, a.double(), old_layer(old_a).double())
        for layer, a, old_layer, old_a in zip(_first(decoder), parts, _first(old), old_parts, strict=True)
    ]
    return sum(met) / len(met)


def _first(decoder: Decoder) -> list[nn.Linear]:
    """The first layers of the MLPs: for the weights of each block, then for its biases."""
    mlps = [*decoder.weight_mlps, *decoder.bias_mlps]
    return [mlp.layers[0] for mlp in mlps]


def _fit(layer: nn.Linear, a: Tensor, h: Tensor) -> float:
    """Fit a layer to give h (N x hidden) for a (N x A); returns the part of the variance that is met."""
    num_fitted = len(a) - max(1, int(HELD_OUT * len(a)))
    mean_a, mean_h = a[:num_fitted].mean(0), h[:num_fitted].mean(0)
    x, y = a - mean_a, h - mean_h
    x_fitted, y_fitted = x[:num_fitted], y[:num_fitted]
    squares, products = x_fitted.T @ x_fitted, x_fitted.T @ y_fitted
    unit = (
        num_fitted
        * x_fitted.var().clamp_min(1e-12)
        * torch.eye(len(squares), dtype=squares.dtype, device=squares.device)
    )
    solutions = [torch.linalg.solve(squares + ridge * unit, products) for ridge in RIDGES]
    missed = [float((x[num_fitted:] @ W - y[num_fitted:]).square().sum()) for W in solutions]
    W = solutions[missed.index(min(missed))]
    layer.weight.copy_(W.T)
    layer.bias.copy_(mean_h - mean_a @ W)
    return 1 - min(missed) / (float(y[num_fitted:].square().sum()) or 1.0)
