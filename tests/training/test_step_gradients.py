"""The gradients that one step leaves in every network, against each term written out and differentiated by itself."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from dgnet.config import LossConfig
from dgnet.training.batch import Batch, Networks, Terms
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.redress import REDRESSINGS
from dgnet.training.step import joint_step

_spec = importlib.util.spec_from_file_location("naive_step", Path(__file__).with_name("naive_step.py"))
assert _spec
assert _spec.loader
naive_step = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(naive_step)

RATE, RATE_OF_D = 0.25, 2**-14  # of gradients scaled to about one, and of those as they are
NO_AUTOCAST = torch.autocast("cpu", enabled=False)


@dataclass(frozen=True)
class Weights:
    """A weight for each term (`fine` for both of its parts), so that all terms' gradients are of similar size here."""

    image: float = 1.1
    partner_image: float = 0.8
    adversarial: float = 0.003
    id_real: float = 0.008
    r1: float = 0.001
    id_generated: float = 0.05
    code_a: float = 2.0
    code_s: float = 0.7
    cycle: float = 0.6
    redressed: float = 0.9
    prim: float = 0.04
    fine: float = 0.006

    def ramped(self) -> RampedWeights:
        return RampedWeights(
            self.id_generated, self.code_a, self.code_s, self.cycle, self.redressed, self.prim, self.fine
        )

    def constant(self, **switches: object) -> LossConfig:
        weights = ("image", "partner_image", "adversarial", "id_real", "r1")
        return replace(LossConfig(), **{name: getattr(self, name) for name in weights}, **switches)


def gradient(term: Tensor, network: nn.Module) -> Tensor:
    """The gradients of all parameters, in their order, as one vector."""
    parameters = list(network.parameters())
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True, materialize_grads=True)
    return torch.cat([each.flatten() for each in found])


def take(
    networks: Networks,
    batch: Batch,
    weights: Weights,
    structure_alone: bool = True,
    penalise: bool = False,
    autocast: torch.autocast = NO_AUTOCAST,
    **switches: object,
) -> Terms:
    """Take one step by plain gradient descent; gradients left by an earlier step are there at its start."""
    model = networks.model
    drawing = [*model.structure_encoder.parameters(), *model.decoder.parameters()]
    groups = [drawing, [*networks.discriminator.parameters()], [*model.appearance_encoder.parameters()]]
    for parameter in (parameter for group in groups for parameter in group):
        parameter.grad = torch.full_like(parameter, 7.0)
    return joint_step(
        networks,
        Optimizers(*(SGD(group, lr=lr) for group, lr in zip(groups, (RATE, RATE_OF_D, RATE), strict=True))),
        batch,
        weights.ramped(),
        weights.constant(**switches),
        penalise=penalise,
        structure_alone=structure_alone,
        autocast=autocast,
    )


def left(network: nn.Module) -> Tensor:
    gradients = [parameter.grad for parameter in network.parameters()]
    return torch.cat([each.flatten() for each in gradients if each is not None])


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


SWITCHES: list[dict] = [
    {},
    {"structure_alone": False, "penalise": True, "r1_every": 3, "labels": "two_label"},
    {"structure_alone": False, "train_bn": False, "labels": "appearance"},
    {"running_codes": True, "penalise": True},
    {"detach_appearance_code": False, "code1_gradient": False},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_every_gradient_is_the_sum_of_its_terms(sure: Networks, batch: Batch, switches: dict) -> None:
    before = copy.deepcopy(sure)
    structure_alone, penalise = switches.get("structure_alone", True), switches.get("penalise", False)
    loss = LossConfig(**{name: value for name, value in switches.items() if hasattr(LossConfig, name)})
    naive, weights = naive_step.Naive(sure, batch, loss, structure_alone), Weights()

    own, penalty = naive.of_discriminator(batch)
    own = own + loss.r1_every * weights.r1 * penalty if penalise else own
    expected = {"D": gradient(own, naive.D)}
    moved = copy.deepcopy(sure.discriminator)  # judges what is drawn after it has learnt
    after = nn.utils.parameters_to_vector(moved.parameters()) - RATE_OF_D * expected["D"]
    nn.utils.vector_to_parameters(after, moved.parameters())

    terms = naive.drawing | {"adversarial": naive.adversarial(moved)}
    drawing, recognising = (
        torch.stack([getattr(weights, name) * value for name, value in group.items()]).sum()
        for group in (terms, naive.recognising)
    )
    model = naive.model
    expected["E_s"], expected["G"] = gradient(drawing, model.structure_encoder), gradient(drawing, model.decoder)
    expected["E_a"] = gradient(drawing + recognising, model.appearance_encoder)

    take(sure, batch, weights, **switches)
    found = {"D": sure.discriminator, "E_a": sure.model.appearance_encoder}
    found |= {"E_s": sure.model.structure_encoder, "G": sure.model.decoder}
    for name, network in found.items():
        assert distance(left(network), expected[name]) < 1e-3, name
    moves = ((before.model, sure.model, RATE), (before.discriminator, sure.discriminator, RATE_OF_D))
    for old, new, rate in moves:
        for was, parameter in zip(old.parameters(), new.parameters(), strict=True):
            assert parameter.grad is not None
            assert parameter.requires_grad
            torch.testing.assert_close(parameter, was - rate * parameter.grad, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("switches", SWITCHES[:2], ids=str)
def test_each_term_is_reported_under_its_own_name(sure: Networks, batch: Batch, switches: dict) -> None:
    """Terms are unweighted and detached; terms of weight 0 are not computed."""
    structure_alone, penalise = switches.get("structure_alone", True), switches.get("penalise", False)
    loss = LossConfig(**{name: value for name, value in switches.items() if hasattr(LossConfig, name)})
    naive = naive_step.Naive(sure, batch, loss, structure_alone)
    own, penalty = naive.of_discriminator(batch)
    terms = take(sure, batch, Weights(), **switches)
    expected = {**naive.drawing, **naive.recognising, "discriminator": own, "r1": penalty}
    for name in ("image", "partner_image", "id_generated", "code_a", "code_s", "cycle", "id_real", "prim"):
        assert getattr(terms, name).item() == pytest.approx(expected[name].item(), rel=1e-4), name
    assert terms.discriminator.item() == pytest.approx(own.item(), rel=1e-4)
    assert terms.fine is not None
    assert terms.fine_real is not None
    assert (terms.fine + terms.fine_real).item() == pytest.approx(expected["fine"].item(), rel=1e-4)
    real = terms.fine_real.item()
    assert real == pytest.approx(naive.fine_real.item(), rel=1e-4)
    assert (terms.r1 is not None) == penalise
    if terms.r1 is not None:
        assert terms.r1.item() == pytest.approx(penalty.item(), rel=1e-4)
    moved_D = naive.adversarial(sure.discriminator)  # D as the step has left it
    assert terms.adversarial.item() == pytest.approx(moved_D.item(), rel=1e-4)
    assert not any(value.requires_grad for _, value in terms.items())
    assert len(terms.items()) == 13 + penalise


ALWAYS = {"image", "partner_image", "adversarial", "discriminator", "id_real"}
JUDGED, FED = {"id_generated", "code_a"}, {"prim", "fine", "fine_real"}


@pytest.mark.parametrize(
    ("weights", "more"),
    [
        ({}, set()),
        ({"id_generated": 1.0}, JUDGED),
        ({"code_a": 1.0}, JUDGED),
        ({"code_s": 1.0}, {"code_s"}),
        ({"cycle": 1.0}, {*JUDGED, "code_s", "cycle"}),
        ({"prim": 1.0, "fine": 0.2}, FED),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_what_has_no_weight_yet_is_not_computed(sure: Networks, batch: Batch, weights: dict, more: set) -> None:
    none = Weights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=0, fine=0)
    terms = take(sure, batch, replace(none, **weights))
    assert {name for name, _ in terms.items()} == ALWAYS | more


def test_every_pass_of_every_network_is_in_the_precision_asked_for(sure: Networks, batch: Batch) -> None:
    """Losses, and the images given from one network to the next, stay float32."""
    model = sure.model
    networks = {
        "E_a": model.appearance_encoder.backbone,
        "E_s": model.structure_encoder,
        "G": model.decoder,
        "D": sure.discriminator,
        "T": sure.teacher.backbone,
    }
    seen: dict[str, list[tuple[bool, torch.dtype]]] = {name: [] for name in networks}
    for name, network in networks.items():

        def note(_module: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
            seen[name].append((torch.is_autocast_enabled("cpu"), inputs[0].dtype))

        network.register_forward_pre_hook(note)
    terms = take(sure, batch, Weights(), penalise=True, autocast=torch.autocast("cpu", torch.bfloat16))
    passes = {"E_a": 4, "E_s": 2 + REDRESSINGS, "G": 2 + REDRESSINGS, "D": 3, "T": 2}
    assert {name: len(calls) for name, calls in seen.items()} == passes
    for name, calls in seen.items():
        assert all(enabled for enabled, _ in calls), name
        if name != "G":  # which takes codes
            assert {dtype for _, dtype in calls} == {torch.float32}, name
    assert {value.dtype for _, value in terms.items()} == {torch.float32}
