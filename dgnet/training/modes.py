"""Two ways to run a network other than as it is: without training it, and with the batch's own statistics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(module: nn.Module, active: bool = True) -> Iterator[None]:
    """What runs inside sends gradients to its input and none to `module`'s parameters; no copy is made."""
    parameters = [p for p in module.parameters() if p.requires_grad] if active else []
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


@contextmanager
def generated_statistics(module: nn.Module, train_bn: bool) -> Iterator[None]:
    """How generated images are normalised inside `module`.

    With `train_bn` every batch norm uses the batch's own statistics (as published), without it the running ones.
    Either way the running statistics do not move: they describe real images, which is what the features are taken of.
    """
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [(norm.training, norm.track_running_stats) for norm in norms]
    for norm in norms:
        norm.training, norm.track_running_stats = train_bn, not train_bn
    try:
        yield
    finally:
        for norm, (training, tracking) in zip(norms, before, strict=True):
            norm.training, norm.track_running_stats = training, tracking
