"""The optimisers: Adam for E_s + G (or Muon for their matrices), Adam for D, Nesterov SGD for E_a."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from dgnet.config import OptimConfig, Precision
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.optim.muon import Muon


@dataclass(frozen=True)
class Optimizers:
    """One optimiser for E_s + G (`generator`), one for D and one for E_a.

    If `muon` is given, it trains the matrices and kernels of E_s and G, and `generator` only their other parameters.
    """

    generator: Optimizer
    discriminator: Optimizer
    appearance: Optimizer
    muon: Muon | None = None

    def named(self) -> dict[str, Optimizer]:
        """By name, in a fixed order."""
        three = {"generator": self.generator, "discriminator": self.discriminator, "appearance": self.appearance}
        return three if self.muon is None else {**three, "muon": self.muon}

    def zero_generator(self) -> None:
        """Forget the gradients of E_s and G."""
        self.generator.zero_grad()
        if self.muon is not None:
            self.muon.zero_grad()

    def step_generator(self) -> None:
        """Move E_s and G."""
        self.generator.step()
        if self.muon is not None:
            self.muon.step()

    def set_lr_factor(self, factor: float) -> None:
        """Set every group's learning rate to its base rate times `factor`."""
        for optimizer in self.named().values():
            set_lr_factor(optimizer, factor)


def build_optimizers(
    model: DGNet, discriminator: Discriminator, config: OptimConfig, precision: Precision = "fp32"
) -> Optimizers:
    """Build the optimisers of these networks, on the networks' device; `precision` is that of Muon's arithmetic."""

    device = next(model.parameters()).device
    on_a_gpu = device.type == "cuda"

    def rate(lr: float) -> float | torch.Tensor:
        """The learning rate; on a GPU as a tensor in its memory, where a recorded step (`graphs`) reads it."""
        return torch.tensor(lr, device=device) if on_a_gpu else lr

    def adam(parameters: list[nn.Parameter], lr: float) -> Optimizer:
        groups = [{"params": parameters, "lr": rate(lr), "base_lr": lr}]
        return Adam(groups, betas=config.betas, weight_decay=config.weight_decay, fused=True, capturable=on_a_gpu)

    drawing = [*model.structure_encoder.parameters(), *model.decoder.parameters()]
    muon = None
    if config.muon_lr:
        matrices = [parameter for parameter in drawing if parameter.ndim >= 2]
        drawing = [parameter for parameter in drawing if parameter.ndim < 2]
        groups = [{"params": matrices, "lr": rate(config.muon_lr), "base_lr": config.muon_lr}]
        muon = Muon(groups, config.muon_lr, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    return Optimizers(
        generator=adam(drawing, config.generator_lr),
        discriminator=adam([*discriminator.parameters()], config.discriminator_lr),
        appearance=nesterov(
            model.appearance_encoder, config.backbone_lr, config.head_lr, config.momentum, config.weight_decay
        ),
        muon=muon,
    )


def nesterov(
    network: AppearanceEncoder | Teacher, backbone_lr: float, head_lr: float, momentum: float, weight_decay: float
) -> Optimizer:
    """Nesterov SGD with one learning rate for the backbone and another for all layers after it."""
    backbone = list(network.backbone.parameters())
    inside = {id(p) for p in backbone}
    heads = [p for p in network.parameters() if id(p) not in inside]
    groups = [
        {"params": backbone, "lr": backbone_lr, "base_lr": backbone_lr},
        {"params": heads, "lr": head_lr, "base_lr": head_lr},
    ]
    return SGD(groups, momentum=momentum, nesterov=True, weight_decay=weight_decay, foreach=True)


def set_lr_factor(optimizer: Optimizer, factor: float) -> None:
    """Set lr = base lr x factor in every parameter group."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(group["base_lr"] * factor)
        else:
            group["lr"] = group["base_lr"] * factor


@torch.no_grad()
def average_into(average: Sequence[torch.Tensor], current: Sequence[torch.Tensor], decay: float) -> None:
    """average <- decay * average + (1 - decay) * current, in place (a running average)."""
    torch._foreach_lerp_(list(average), list(current), 1 - decay)


def numbers_of(network: nn.Module) -> list[torch.Tensor]:
    """Parameters and running statistics, which an average is taken of; not the counters of norms."""
    return [tensor.detach() for tensor in network.state_dict().values() if tensor.is_floating_point()]
