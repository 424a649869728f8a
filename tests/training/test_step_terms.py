"""The joint step: the values of its terms, and whose codes and clothes they are computed with."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import pytest
import torch
from torch.optim import SGD
from torch.utils._python_dispatch import TorchDispatchMode

from dgnet.config import LossConfig, RunConfig
from dgnet.generation.paste import paste
from dgnet.training.batch import Batch, Networks
from dgnet.training.execution.graphs import LiveWeights
from dgnet.training.optim.optimizers import Optimizers, build_optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.redress import REDRESSINGS, further_clothes, swap_halves
from dgnet.training.step import joint_step

OFF = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=0, fine=0)
AUTOCAST = torch.autocast("cpu", enabled=False)


def still_optimizers(networks: Networks) -> Optimizers:
    """One each for E_a, E_s and G, with a learning rate of 0."""
    modules = networks.model.appearance_encoder, networks.model.structure_encoder, networks.model.decoder
    return Optimizers(*(SGD(list(module.parameters()), lr=0.0) for module in modules))


@pytest.mark.parametrize("running_codes", [True, False])
def test_codes_in_training_are_those_in_use_where_the_running_statistics_take_them(
    networks: Networks, batch: Batch, running_codes: bool
) -> None:
    model, ramped = networks.model.train(), replace(OFF, code_a=1.0)
    in_use, learning = copy.deepcopy(model).eval(), copy.deepcopy(model.appearance_encoder)
    with torch.no_grad():
        a, s = in_use.encode(batch.x).a, in_use.structure_encoder(batch.x_relit)
        expected = {
            "image": in_use.compose(a, s) - batch.x,
            "code_a": in_use.encode(in_use.compose(a, swap_halves(s))).a - a,
        }
        learning(torch.cat([batch.x_erased, batch.x_partner_erased]))
    optimizers = still_optimizers(networks)
    loss = LossConfig(running_codes=running_codes)
    settings = {"penalise": False, "structure_alone": True, "autocast": AUTOCAST}
    terms = dict(joint_step(networks, optimizers, batch, ramped, loss, **settings).items())  # type: ignore[arg-type]
    for name, difference in expected.items():
        same = float(terms[name]) == pytest.approx(2 * float(difference.abs().mean()), rel=1e-4)
        assert same == running_codes, name
    moved = learning.backbone.state_dict(), model.appearance_encoder.backbone.state_dict()
    by_erased_alone = all(torch.equal(moved[0][name], moved[1][name]) for name in moved[0])
    assert by_erased_alone == running_codes


def test_swap_exchanges_the_halves() -> None:
    assert swap_halves(torch.arange(6)).tolist() == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize("half", [1, 2, 4, 128])
def test_nobody_is_redressed_in_clothes_of_their_own(half: int) -> None:
    rolls = further_clothes(2 * half)
    assert len(rolls) == REDRESSINGS - 1
    assert all(0 < places < 2 * half for places in rolls)
    assert half not in rolls or half == 1  # those of j come first
    assert len({*rolls}) == len(rolls) or half < REDRESSINGS  # and then others', each time


@pytest.mark.parametrize(("half", "rolls"), [(1, [1, 1]), (2, [1, 1]), (3, [2, 1]), (8, [7, 6])])
def test_the_neighbours_of_j_in_the_batch_give_their_clothes(half: int, rolls: list[int]) -> None:
    assert further_clothes(2 * half)[:2] == rolls


def test_terms_are_what_the_design_says(networks: Networks, batch: Batch, config: RunConfig) -> None:
    """Image, code and cycle terms are computed again, one direction at a time, with the networks' public methods."""
    model = networks.model.eval()  # dropout and batch statistics off, so that passes can be taken apart
    half = len(batch.x) // 2
    ramped = RampedWeights(1, 1, 1, 1, 1, 1, 1)
    optimizers = still_optimizers(networks)
    expected = dict.fromkeys(("image", "partner_image", "code_a", "code_s", "cycle", "redressed"), 0.0)
    with torch.no_grad():
        codes = [
            (model.encode(batch.x[i : i + 1]).a, model.encode(batch.x_relit[i : i + 1]).s) for i in range(4)
        ]  # E_s sees its own view
        for i in range(4):
            j = (i + half) % 4
            (a_i, s_i), (a_j, s_j) = codes[i], codes[j]
            a_t = model.encode(batch.x_partner[i : i + 1]).a
            x_i = batch.x[i : i + 1]
            x_ij, x_ji = model.compose(a_i, s_j), model.compose(a_j, s_i)
            x_ii = model.compose(a_i, s_i)
            redressed = paste(x_i, x_ii, x_ji)
            for places in further_clothes(4):
                a_k = codes[(i - places) % 4][0]
                redressed = paste(x_i, x_ii, model.compose(a_k, model.encode(redressed).s))
            differences = {
                "image": x_ii - x_i,
                "partner_image": model.compose(a_t, s_i) - x_i,
                "code_a": model.encode(x_ij).a - a_i,
                "code_s": (model.encode(x_ij).s - s_j)[:, : model.structure_encoder.channels],
                "cycle": model.compose(model.encode(x_ij).a, model.encode(x_ji).s) - x_i,
                "redressed": model.compose(a_t, model.encode(redressed).s) - x_i,
            }
            for name, difference in differences.items():
                expected[name] += float(difference.abs().mean()) / half  # the mean a direction, summed over both
    terms = joint_step(
        networks,
        optimizers,
        batch,
        ramped,
        LossConfig(train_bn=False),
        penalise=True,
        structure_alone=False,
        autocast=AUTOCAST,
    )
    found = {name: float(value) for name, value in terms.items()}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


class NeverAsked(TorchDispatchMode):
    """Fails if a tensor's value is read as a number: a GPU would have to stop for it, and could not record it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        assert func is not torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_weights_in_a_devices_memory_are_weights(networks: Networks, batch: Batch, config: RunConfig) -> None:
    """`LiveWeights`, which recorded steps read, give the same step as the numbers that they stand for."""
    numbers = RampedWeights(id_generated=0.3, code_a=0.7, code_s=0.2, cycle=0.5, redressed=0.4, prim=0.9, fine=0.1)
    live = {item.name: torch.tensor(getattr(numbers, item.name)) for item in fields(RampedWeights)}
    found = []
    for ramped in (numbers, LiveWeights(**live, like=numbers)):
        mine = copy.deepcopy(networks)
        mine.model.train()
        torch.manual_seed(0)
        optimizers = build_optimizers(mine.model, mine.discriminator, config.optim)
        with NeverAsked():
            joint_step(
                mine,
                optimizers,
                batch,
                ramped,
                config.loss,
                penalise=True,
                structure_alone=False,
                autocast=AUTOCAST,
            )
        found.append(mine.model.state_dict())
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, msg=name)
    off = LiveWeights(**live, like=OFF)
    assert not any(vars(off.needs).values())
    assert all(vars(LiveWeights(**live, like=numbers).needs).values())


def test_e_a_learns_from_swaps_that_train_nothing_else(networks: Networks, batch: Batch) -> None:
    """Only L_prim and L_fine weigh: E_a learns the same as beside terms of weight 0, and E_s, G and D nothing."""
    E_a, ramped = networks.model.appearance_encoder, replace(OFF, prim=1.0, fine=0.2)
    loss = LossConfig(image=0, partner_image=0, adversarial=0, running_codes=True)
    state = copy.deepcopy(networks.model.train().state_dict())
    settings = {"penalise": False, "structure_alone": True, "autocast": AUTOCAST}

    def learnt(weights: LossConfig) -> tuple[set[str], torch.Tensor]:
        networks.model.load_state_dict(state)
        torch.manual_seed(0)  # of dropout
        terms = joint_step(networks, still_optimizers(networks), batch, ramped, weights, **settings)  # type: ignore[arg-type]
        return set(dict(terms.items())), torch.cat([p.grad.flatten() for p in E_a.parameters() if p.grad is not None])

    names, alone = learnt(loss)
    assert names == {"id_real", "fine_real", "prim", "fine"}
    for module in (networks.model.structure_encoder, networks.model.decoder, networks.discriminator):
        assert all(p.grad is None or not p.grad.any() for p in module.parameters())
    beside, with_others = learnt(replace(loss, adversarial=1e-12))
    assert beside > names
    torch.testing.assert_close(alone, with_others, rtol=1e-4, atol=1e-6)
