"""Muon: momentum made orthogonal, for weight matrices and convolution kernels (Jordan et al. 2024)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor
from torch.optim import Optimizer

NUM_ITERATIONS: Final = 5
COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)  # of the quintic: steepest at 0, where most singular values lie
EPS: Final = 1e-7


class Muon(Optimizer):
    """W <- W - lr sqrt(max(1, rows / columns)) orthogonal(g + momentum m), with m <- momentum m + g.

    A kernel, out x in x h x w, counts as the matrix out x (in h w). Every direction of a matrix moves equally far,
    however small its gradient, where Adam follows the few largest; E_s and G need less than half the images for it
    (docs/log/training.md). `torch.optim.Muon` takes matrices alone, one at a time; here those of one shape go together.

    Args:
        parameters: of two dimensions or more; biases and scales belong to another optimiser.
        lr: about the spectral norm of a step.
        momentum: Nesterov's.
        dtype: of the iteration; bf16 is enough, and faster where the processor has it.
    """

    def __init__(
        self, parameters: Iterable[Any], lr: float, momentum: float = 0.95, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        self.dtype = dtype
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.ndim < 2:
                    raise ValueError(f"Muon moves matrices and kernels, found a parameter of {tuple(parameter.shape)}")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        assert closure is None, "losses are computed outside"
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape[0], parameter[0].numel()].append(parameter)
            for (rows, columns), parameters in alike.items():
                directions = [self._direction(parameter, group["momentum"]).flatten(1) for parameter in parameters]
                moves = orthogonal(torch.stack(directions), self.dtype).unbind()
                far = group["lr"] * max(1.0, rows / columns) ** 0.5
                for parameter, move in zip(parameters, moves, strict=True):
                    parameter.sub_(move.view(parameter.shape) * far)

    def _direction(self, parameter: Tensor, momentum: float) -> Tensor:
        """Update the parameter's momentum, and look ahead by one more step of it."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].mul_(momentum).add_(gradient)
        return gradient.add(state["momentum"], alpha=momentum)


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """N x rows x columns -> U V^T of each matrix U S V^T, nearly: singular values end in about [0.7, 1.2].

    Newton-Schulz iteration: X <- a X + (b A + c A²) X with A = X X^T, from X of Frobenius norm 1. A matrix of zeros
    stays as it is. Computed in `dtype`, returned in that of `matrices`.
    """
    a, b, c = COEFFICIENTS
    wide = matrices.shape[1] <= matrices.shape[2]
    x = (matrices if wide else matrices.mT).to(dtype)
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + EPS)
    for _ in range(NUM_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.mT).to(matrices.dtype)
