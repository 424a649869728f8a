"""Activation checkpointing: parts of the networks keep only their input, and run again in the backward pass.

By then the contexts of the first run are over. So the part is put back into its state of the first run: torch's
checkpoint restores precision and random numbers; this module restores train or eval mode, which parameters were frozen,
and running statistics. The second run must see the running statistics that the first saw, and not change them again.
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
    """For each large part of E_a, E_s and G, a forward that keeps only its input (for `modes.running`).

    D is left out, because R1 differentiates it twice.
    """
    E_a, E_s, G = model.appearance_encoder.backbone, model.structure_encoder, model.decoder
    blocks: list[nn.Module] = [E_a]  # a timm model as a whole: each architecture names its parts otherwise
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
    """`module`'s forward with the same values and gradients, which keeps only its inputs for the backward pass."""
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
    """A context in which `module` is in its state at the time of this call; leaving it undoes that."""
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
