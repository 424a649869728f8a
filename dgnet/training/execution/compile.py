"""torch.compile for the joint step: each network's forward is compiled and tried, and left as it is if that fails."""

from __future__ import annotations

import logging
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import SGD

from dgnet.config import RunConfig
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution.modes import running
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import ramped_weights
from dgnet.training.step import joint_step

logger = logging.getLogger(__name__)


def compiling(
    networks: Networks, batch: Batch, config: RunConfig, autocast: torch.autocast, backend: str = "inductor"
) -> dict[nn.Module, Callable[..., Any]]:
    """Compiled forwards of the five networks, for `modes.running`; of E_a and T the backbone alone, nearly all of them.

    A network that cannot be compiled here (no C++ compiler, an operation without a kernel) is left out, and a warning
    says why; it then trains as written. Many failures only show in the backward pass. So whole steps with all terms on
    are tried with each network compiled by itself (`try_steps`); this also compiles everything before training begins.

    Args:
        batch: of the shapes that training will see.
        backend: of torch.compile.
    """
    began, model = time.monotonic(), networks.model
    parts = {
        "E_a": model.appearance_encoder.backbone,
        "E_s": model.structure_encoder,
        "G": model.decoder,
        "D": networks.discriminator,
        "T": networks.teacher.backbone,
    }
    compiled: dict[str, Callable[..., Any]] = {}
    failed: dict[str, list[str]] = defaultdict(list)
    for name, module in parts.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the compiler's warnings are for its developers
                function = torch.compile(module.forward, dynamic=False, backend=backend)
                with running({module: function}):
                    try_steps(networks, batch, config, autocast)
        except Exception as error:  # compilers' errors have no class in common
            # The first line names the compiler, the second the cause; the lines after them are its stack.
            lines = (str(error).strip() or type(error).__name__).splitlines()
            failed[" ".join(lines[:2])].append(name)
        else:
            compiled[name] = function
    for reason, names in failed.items():
        logger.warning("compile: not possible here for %s: %s", ", ".join(names), reason)
    logger.info("compile: %s compiled in %.0f s", ", ".join(compiled) or "nothing", time.monotonic() - began)
    return {parts[name]: function for name, function in compiled.items()}


def try_steps(networks: Networks, batch: Batch, config: RunConfig, autocast: torch.autocast) -> None:
    """Take a step with each outcome of the coin, all terms on, then restore parameters and statistics.

    The learning rates are 0; gradients are cleared at the end.
    """
    E_a, D = networks.model.appearance_encoder, networks.discriminator
    drawing = [*networks.model.structure_encoder.parameters(), *networks.model.decoder.parameters()]
    groups = (drawing, list(D.parameters()), list(E_a.parameters()))
    generator, discriminator, appearance = (SGD(group, lr=0.0) for group in groups)
    optimizers = Optimizers(generator, discriminator, appearance)
    before = [(module, {k: v.clone() for k, v in module.state_dict().items()}) for module in (networks.model, D)]
    try:
        for structure_alone in (True, False):
            joint_step(
                networks,
                optimizers,
                batch,
                ramped_weights(config.schedule.steps, config.schedule, config.loss),
                config.loss,
                penalise=structure_alone,
                structure_alone=structure_alone,
                autocast=autocast,
            )
    finally:
        for module, state in before:
            module.load_state_dict(state)
            module.zero_grad()
