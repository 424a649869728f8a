"""Recomputed parts: the step is the same bit for bit, in every context, and less is kept for the backward pass."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import LossConfig, RunConfig
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution.modes import frozen, generated_statistics, running
from dgnet.training.execution.recompute import recomputed, recomputing
from dgnet.training.optim.optimizers import build_optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.step import joint_step

ALL_ON = RampedWeights(1, 1, 1, 1, 1, 1, 1)


class Part(nn.Module):
    """What a recomputed part may hold: a convolution, running statistics, a product, and dropout.

    What autograd keeps of the product depends on whether `scale` is frozen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.dropout = nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.rand(5, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.norm(self.conv(x)).relu() * self.scale)


@pytest.fixture
def part() -> Part:
    torch.manual_seed(0)
    part = Part()
    part.norm.running_mean.uniform_()  # type: ignore[union-attr]
    return part


def everything(part: Part, recomputing: bool, under: str) -> list[Tensor | None]:
    """The value, gradients and statistics of one pass in the context `under`, and random numbers drawn afterwards.

    The recomputed pass is differentiated after another pass has changed the running statistics. The plain one is
    differentiated before that, because the backward of batch norm reads the running statistics of that moment.
    """
    x = torch.randn(4, 3, 8, 6, generator=torch.Generator().manual_seed(1)).requires_grad_()
    contexts = {
        "frozen": frozen(part),
        "own statistics": generated_statistics(part, train_bn=True),
        "running statistics": generated_statistics(part, train_bn=False),
        "autocast": torch.autocast("cpu", torch.bfloat16),
    }
    torch.manual_seed(2)
    with contexts.get(under, nullcontext()):
        y = recomputed(part)(x) if recomputing else part(x)
    loss = y.float().square().sum()
    if not recomputing:
        loss.backward()
    with torch.no_grad():
        part(x + 1)  # real people come by, and move the running statistics, before the gradient comes back
    drawn = torch.rand(3)
    if recomputing:
        loss.backward()
    return [y, x.grad, *(p.grad for p in part.parameters()), *part.buffers(), drawn, torch.rand(3)]


@pytest.mark.parametrize("under", ["nothing", "frozen", "own statistics", "running statistics", "autocast"])
def test_a_part_runs_again_as_it_did_and_leaves_no_trace(part: Part, under: str) -> None:
    state = {name: value.clone() for name, value in part.state_dict().items()}
    expected = [None if value is None else value.clone() for value in everything(part, False, under)]
    part.load_state_dict(state)
    part.zero_grad()
    found = everything(part, True, under)
    for one, other in zip(found, expected, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)  # type: ignore[arg-type]
    assert all(parameter.requires_grad for parameter in part.parameters())
    assert all(module.training for module in part.modules())
    assert part.norm.track_running_stats


def test_without_gradients_nothing_is_prepared(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("dgnet.training.execution.recompute.checkpoint")
    with torch.no_grad():
        assert not recomputed(part)(torch.randn(4, 3, 8, 6)).requires_grad


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("structure_alone", [True, False])
@pytest.mark.parametrize("loss", [LossConfig(), LossConfig(train_bn=False, detach_appearance_code=False)])
def test_steps_are_the_same_bit_for_bit(
    networks: Networks,
    batch: Batch,
    config: RunConfig,
    loss: LossConfig,
    structure_alone: bool,
    precision: torch.dtype,
) -> None:
    modules = nn.ModuleList([networks.model.train(), networks.discriminator.train()])
    initial = {name: value.clone() for name, value in modules.state_dict().items()}

    def after_two_steps(recompute: bool) -> tuple[list[Tensor], int]:
        modules.load_state_dict(initial)
        optimizers = build_optimizers(networks.model, networks.discriminator, config.optim)
        kept = 0

        def count(tensor: Tensor) -> Tensor:
            nonlocal kept
            kept += tensor.nbytes
            return tensor

        terms: list[Tensor] = []
        for step in range(2):
            torch.manual_seed(step)
            with (
                running(recomputing(networks.model) if recompute else {}),
                torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor),
            ):
                found = joint_step(
                    networks,
                    optimizers,
                    batch,
                    ALL_ON,
                    loss,
                    penalise=step == 0,
                    structure_alone=structure_alone,
                    autocast=torch.autocast("cpu", precision, enabled=precision != torch.float32),
                )
            terms += [value for _, value in found.items()]
        gradients = [parameter.grad.clone() for parameter in modules.parameters() if parameter.grad is not None]
        return [*terms, *gradients, *(value.clone() for value in modules.state_dict().values())], kept

    (expected, kept), (found, kept_less) = after_two_steps(False), after_two_steps(True)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert kept_less < 0.5 * kept  # of all passes together, D's too


def test_nothing_of_it_stays(networks: Networks) -> None:
    names = list(networks.model.state_dict())
    with running(recomputing(networks.model)):
        assert list(networks.model.state_dict()) == names
        assert "forward" in vars(networks.model.decoder.refine)
    assert not any("forward" in vars(module) for module in networks.model.modules())
