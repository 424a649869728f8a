"""Activation checkpointing: parts that keep their input alone, and run again when the gradient comes back to them.

A part runs again during the backward, when whatever it ran under is over. So it is put back as it was: precision and
random numbers by torch's own checkpoint; here its modes, which parameters were frozen, and its running statistics. A
second run must neither see them moved nor move them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.dgnet import DGNet

logger = logging.getLogger(__name__)

MODES = ("training", "track_running_stats")


def recomputing(model: DGNet) -> dict[nn.Module, Callable[..., Tensor]]:
    """For each part of E_a, E_s and G that is worth it, a forward that keeps its input alone (see `modes.running`).

    D is left out: R1 differentiates it twice.
    """
    E_a, E_s, G = model.appearance_encoder.backbone, model.structure_encoder, model.decoder
    blocks: list[nn.Module] = [E_a]  # timm's models as a whole: each has parts of its own names
    if isinstance(E_a, ResNet):
        blocks = [block for stage in (E_a.layer1, E_a.layer2, E_a.layer3, E_a.layer4) for block in stage]
    elif isinstance(E_a, MobileNetV2):
        blocks = [*E_a.features]
    elif isinstance(E_a, EfficientNetLite0):
        blocks = [*E_a.blocks]
    parts = [*blocks, *E_s.stem, *E_s.blocks, E_s.branches, *G.blocks, *G.upsample, G.refine]
    logger.info("recompute: %d parts of E_a, E_s and G run again in the backward, to keep less until then", len(parts))
    return {part: recomputed(part) for part in parts}


def recomputed(module: nn.Module) -> Callable[..., Tensor]:
    """`module`'s forward, the same values and gradients, with its inputs alone kept until the backward."""
    forward = module.forward

    def run(*inputs: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return forward(*inputs)
        result: Tensor = checkpoint(
            forward, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _as_now(module))
        )
        return result

    return run


def _as_now(module: nn.Module) -> AbstractContextManager[None]:
    """A context in which `module` runs as it would this moment, and after which it is as it was before it."""
    learning = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    parts = [(part, _modes(part), _buffers(part, copy=True)) for part in module.modules()]

    @contextmanager
    def then() -> Iterator[None]:
        learning_now = [(parameter, parameter.requires_grad) for parameter, _ in learning]
        parts_now = [(part, _modes(part), _buffers(part)) for part, *_ in parts]
        _put_back(learning, parts)
        try:
            yield
        finally:
            _put_back(learning_now, parts_now)

    return then()


def _modes(part: nn.Module) -> dict[str, bool]:
    return {name: getattr(part, name) for name in MODES if hasattr(part, name)}


def _buffers(part: nn.Module, copy: bool = False) -> dict[str, Tensor]:
    return {name: buffer.clone() if copy else buffer for name, buffer in part.named_buffers(recurse=False)}


def _put_back(
    learning: list[tuple[nn.Parameter, bool]], parts: list[tuple[nn.Module, dict[str, bool], dict[str, Tensor]]]
) -> None:
    for parameter, learns in learning:
        parameter.requires_grad_(learns)
    for part, modes, buffers in parts:
        values: dict[str, Any] = {**modes, **buffers}
        for name, value in values.items():
            setattr(part, name, value)
