"""Muon: each step is the momentum made orthogonal; for weight matrices and convolution kernels (Jordan et al. 2024)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor
from torch.optim import Optimizer

NUM_ITERATIONS: Final = 5
# a, b, c of the polynomial in `orthogonal`; it is steep at 0, near which most singular values lie.
COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)
EPS: Final = 1e-7


class Muon(Optimizer):
    """W <- W - lr sqrt(max(1, rows / columns)) orthogonal(g + momentum m), with m <- momentum m + g.

    Here g is the gradient and m the momentum. A kernel, out x in x h x w, counts as the matrix out x (in h w). Every
    singular direction of a matrix moves equally far, however small its gradient; Adam mostly follows the few largest.
    With Muon, E_s and G need less than half as many training images (docs/log/training.md). `torch.optim.Muon` takes
    matrices alone, one at a time; this one also takes kernels, and computes all matrices of one shape together.

    Args:
        parameters: of two dimensions or more; biases and scales belong to another optimiser.
        lr: about the spectral norm of a step.
        momentum: the factor of Nesterov momentum.
        dtype: the type that `orthogonal` computes in; bf16 is precise enough, and faster on processors that have it.
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
        """Update the parameter's momentum m to momentum m + g, and return g + momentum m (Nesterov)."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].mul_(momentum).add_(gradient)
        return gradient.add(state["momentum"], alpha=momentum)


def orthogonal(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Nearly U V^T for each matrix U S V^T of N x rows x columns: its singular values are about 0.7 to 1.2, not all 1.

    Newton-Schulz iteration: X <- a X + (b A + c A²) X with A = X X^T, started from the matrix divided by its Frobenius
    norm. A matrix of zeros stays as it is. Computed in `dtype`, returned in the type of `matrices`.
    """
    a, b, c = COEFFICIENTS
    wide = matrices.shape[1] <= matrices.shape[2]
    x = (matrices if wide else matrices.mT).to(dtype)
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + EPS)
    for _ in range(NUM_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.mT).to(matrices.dtype)
