"""Contexts that change how a network runs: frozen, with other batch-norm statistics, by other code, or not compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from dgnet.models.layers.mixstyle import MixStyle


@contextmanager
def frozen(module: nn.Module, active: bool = True) -> Iterator[None]:
    """Inside the context gradients go through `module` to its input, but not to its parameters; no copy is made."""
    parameters = [p for p in module.parameters() if p.requires_grad] if active else []
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


@contextmanager
def own_styles(module: nn.Module) -> Iterator[None]:
    """Inside the context `module` mixes no styles (`MixStyle`): only its training on real images does."""
    mixers = [m for m in module.modules() if isinstance(m, MixStyle)]
    before = [mixer.training for mixer in mixers]
    for mixer in mixers:
        mixer.eval()
    try:
        yield
    finally:
        for mixer, training in zip(mixers, before, strict=True):
            mixer.train(training)


@contextmanager
def generated_statistics(module: nn.Module, train_bn: bool) -> Iterator[None]:
    """Choose the statistics by which batch norm in `module` normalises generated images inside the context.

    With `train_bn` every batch norm uses the batch's own statistics (as published), without it the running ones.
    Either way the running statistics do not change: they describe real images, of which features are extracted later.
    Styles are not mixed (`own_styles`).
    """
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [(norm.training, norm.track_running_stats) for norm in norms]
    for norm in norms:
        norm.training, norm.track_running_stats = train_bn, not train_bn
    try:
        with own_styles(module):
            yield
    finally:
        for norm, (training, tracking) in zip(norms, before, strict=True):
            norm.training, norm.track_running_stats = training, tracking


def running_statistics(module: nn.Module, active: bool = True) -> AbstractContextManager[None]:
    """Inside the context `module` mixes no styles, and normalises by its running statistics without changing them.

    Not `active`, it normalises as before: by those of the batch in training, which then move the running ones.
    """
    return generated_statistics(module, train_bn=False) if active else own_styles(module)


@contextmanager
def running(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Inside the context each module runs its function in place of its forward. Parameters keep their names."""
    for module, function in forwards.items():
        module.forward = function
    try:
        yield
    finally:
        for module in forwards:
            del module.forward


def eagerly(active: bool = True) -> AbstractContextManager[Any]:
    """Inside the context compiled code runs as written: R1 differentiates twice, which compiled code does not allow."""
    return torch.compiler.set_stance("force_eager") if active else nullcontext()
