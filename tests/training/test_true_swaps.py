"""True swaps: their batches, and who learns what from them in a joint step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from dgnet.config import AugmentConfig, LossConfig, RunConfig
from dgnet.data.normalise import normalise
from dgnet.training.batch import Batch, Networks
from dgnet.training.feed import Feed
from dgnet.training.optim.optimizers import Optimizers
from dgnet.training.optim.schedules import RampedWeights
from dgnet.training.step import joint_step
from dgnet.training.true_swap_feed import TrueSwapCrops, TrueSwapFeed
from dgnet.training.views import Views

OFF = RampedWeights(id_generated=0, code_a=0, code_s=0, cycle=0, redressed=0, prim=0, fine=0)
ALONE = LossConfig(image=0, partner_image=0, adversarial=0, true_swap=10.0, detach_appearance_code=False)


@pytest.fixture
def swaps(feed: Callable[[int], Feed], config: RunConfig) -> Callable[..., TrueSwapFeed]:
    """Twelve pairs of noise; the truth of each is x_j itself, so that both can be compared."""
    crops = feed(4).crops
    pairs = TrueSwapCrops(truth=crops, appearance=np.arange(12)[::-1].copy(), structure=np.arange(12))

    def make(
        batch_size: int, rank: int = 0, world_size: int = 1, augment: AugmentConfig = config.augment
    ) -> TrueSwapFeed:
        people = Views(crops, batch_size, augment, 0, torch.device("cpu"), rank, world_size)
        return TrueSwapFeed(pairs, people)

    return make


def test_the_truth_is_mirrored_and_shifted_with_x_j_and_x_i_by_itself(swaps: Callable[..., TrueSwapFeed]) -> None:
    x_i, x_j, x_ij = swaps(12).batch(3)
    assert torch.equal(x_j, x_ij)
    still = replace(swaps(12).config, mirror=0.0, pad=0)
    plain = swaps(12, augment=still)
    chosen = plain.sampler.batch(3).anchor
    own = normalise(torch.from_numpy(plain.crops[11 - chosen]))
    assert torch.equal(plain.batch(3)[0], own)
    assert not torch.equal(x_i, own)


def test_a_batch_is_a_function_of_the_step_and_ranks_share_it(swaps: Callable[..., TrueSwapFeed]) -> None:
    whole = swaps(4).batch(5)
    assert all(map(torch.equal, whole, swaps(4).batch(5)))
    assert not torch.equal(whole[0], swaps(4).batch(6)[0])
    parts = [swaps(2, rank, 2).batch(5) for rank in range(2)]
    assert all(torch.equal(torch.cat(both), one) for both, one in zip(zip(*parts, strict=True), whole, strict=True))


def gradients(module: nn.Module) -> float:
    return max((float(p.grad.abs().max()) for p in module.parameters() if p.grad is not None), default=0.0)


def take(networks: Networks, batch: Batch, loss: LossConfig, ramped: RampedWeights = OFF) -> dict[str, float]:
    modules = networks.model.structure_encoder, networks.discriminator, networks.model.appearance_encoder
    drawing = [*modules[0].parameters(), *networks.model.decoder.parameters()]
    optimizers = Optimizers(
        *(SGD(part, lr=0.0) for part in (drawing, [*modules[1].parameters()], [*modules[2].parameters()]))
    )
    autocast = torch.autocast("cpu", enabled=False)
    terms = joint_step(
        networks, optimizers, batch, ramped, loss, penalise=False, structure_alone=True, autocast=autocast
    )
    return {name: float(value) for name, value in terms.items()}


@pytest.fixture
def known(batch: Batch) -> Batch:
    true_i, true_j, true_ij = torch.randn(3, 2, 3, 64, 32, generator=torch.Generator().manual_seed(9)).unbind()
    return replace(batch, true_i=true_i, true_j=true_j, true_ij=true_ij)


def test_the_term_is_the_error_of_the_swap_and_nothing_else_is_drawn(sure: Networks, known: Batch) -> None:
    assert known.true_i is not None
    assert known.true_j is not None
    assert known.true_ij is not None
    with torch.no_grad():
        sure.model.eval()
        error = (sure.model.swap(known.true_i, known.true_j) - known.true_ij).abs().mean()
        sure.model.train()
    terms = take(sure, known, replace(ALONE, running_codes=True))
    assert terms["true_swap"] == pytest.approx(2 * float(error), rel=1e-4)
    assert set(terms) == {"true_swap", "id_real"}
    assert gradients(sure.discriminator) == 0
    assert gradients(sure.model.structure_encoder) > 0
    assert gradients(sure.model.decoder) > 0


def test_what_a_swap_changes_can_count_more(sure: Networks, known: Batch) -> None:
    """Of x_ij, the upper half is x_j's own; so the lower half counts four times as much."""
    assert known.true_i is not None
    assert known.true_j is not None
    assert known.true_ij is not None
    true_ij = torch.cat([known.true_j[:, :, :32] + 0.1, known.true_j[:, :, 32:] - 0.2], dim=2)
    batch = replace(known, true_ij=true_ij)
    with torch.no_grad():
        sure.model.eval()
        error = (sure.model.swap(known.true_i, known.true_j) - true_ij).abs()
        sure.model.train()
    terms = take(sure, batch, replace(ALONE, running_codes=True, true_swap_changed=3.0))
    wanted = error[:, :, :32].mean() + 4 * error[:, :, 32:].mean()
    assert terms["true_swap"] == pytest.approx(float(wanted), rel=1e-4)


def test_it_adds_to_the_gradients_of_the_other_terms(sure: Networks, known: Batch, batch: Batch) -> None:
    state = {name: value.clone() for name, value in sure.model.state_dict().items()}

    def of(one: Batch, loss: LossConfig) -> torch.Tensor:
        sure.model.load_state_dict(state)
        take(sure, one, loss)
        return torch.cat([p.grad.flatten() for p in sure.model.decoder.parameters() if p.grad is not None])

    fixed = replace(LossConfig(adversarial=0), running_codes=True)
    both = of(known, replace(fixed, true_swap=10.0))
    alone = of(known, replace(fixed, image=0, partner_image=0, true_swap=10.0))
    torch.testing.assert_close(both, of(batch, fixed) + alone, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("detached", [True, False])
def test_the_appearance_encoder_learns_from_it_unless_its_codes_are_detached(
    sure: Networks, known: Batch, detached: bool
) -> None:
    loss = replace(ALONE, id_real=0.0, detach_appearance_code=detached)
    take(sure, known, loss)
    assert (gradients(sure.model.appearance_encoder.backbone) > 0) != detached
