"""Ways to run a network other than as it is: untrained, by the batch's own statistics, by another forward, eagerly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
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


def running_statistics(module: nn.Module, active: bool = True) -> AbstractContextManager[None]:
    """What runs inside normalises by the running statistics of `module`, and does not move them."""
    return generated_statistics(module, train_bn=False) if active else nullcontext()


@contextmanager
def running(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """What runs inside runs these functions for these modules' own forwards. Parameters keep their names."""
    for module, function in forwards.items():
        module.forward = function
    try:
        yield
    finally:
        for module in forwards:
            del module.forward


def eagerly(active: bool = True) -> AbstractContextManager[Any]:
    """What runs inside runs as it is written, compiled or not; compiled code cannot be differentiated twice."""
    return torch.compiler.set_stance("force_eager") if active else nullcontext()
