"""The least-squares terms and R1 against loops in float64, with derivatives by finite differences."""

import pytest
import torch
from torch import Tensor, nn

from dgnet.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty


@pytest.fixture
def scores() -> tuple[list[Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 1, 4, 2), (4, 1, 2, 1)]
    real, fake = ([torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes] for _ in range(2))
    return real, fake


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def by_direction(score: Tensor) -> list[list[float]]:
    return [score[:2].flatten().tolist(), score[2:].flatten().tolist()]


def test_discriminator_loss(scores: tuple[list[Tensor], list[Tensor]]) -> None:
    real, fake = scores
    expected = 0.0
    for r, f in zip(real, fake, strict=True):
        for reals, fakes in zip(by_direction(r), by_direction(f), strict=True):
            expected += mean([v**2 for v in fakes]) + mean([(v - 1) ** 2 for v in reals])
    assert discriminator_loss(real, fake).item() == pytest.approx(expected, rel=1e-6)


def test_generator_loss_weighs_each_scale_twice(scores: tuple[list[Tensor], list[Tensor]]) -> None:
    _, fake = scores
    expected = sum(2 * mean([(v - 1) ** 2 for v in half]) for f in fake for half in by_direction(f))
    assert generator_loss(fake).item() == pytest.approx(expected, rel=1e-6)


def test_gradient_penalty_is_the_squared_norm_of_each_scales_gradient() -> None:
    torch.manual_seed(0)
    nets = [nn.Sequential(nn.Conv2d(3, 2, 3), nn.Tanh(), nn.Conv2d(2, 1, 1)).double() for _ in range(2)]
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    expected, step = 0.0, 1e-5
    for net, image in ((net, image) for net in nets for image in range(2)):
        squares = 0.0
        for place in range(x[image].numel()):
            values = []
            for sign in (1, -1):
                moved = x.detach().clone()
                moved[image].view(-1)[place] += sign * step
                values.append(net(moved).sum().item())
            squares += ((values[0] - values[1]) / (2 * step)) ** 2
        expected += squares  # one image a direction: the mean over each is the image's own, and directions are summed
    assert gradient_penalty([net(x) for net in nets], x).item() == pytest.approx(expected, rel=1e-5)


def test_gradient_penalty_trains_the_discriminator() -> None:
    net = nn.Conv2d(3, 1, 1)
    x = torch.randn(2, 3, 2, 2, requires_grad=True)
    gradient_penalty([net(x)], x).backward()
    assert net.weight.grad is not None
    assert net.weight.grad.abs().sum() > 0


def test_half_precision_scores_are_counted_in_single(scores: tuple[list[Tensor], list[Tensor]]) -> None:
    real, fake = ([score.bfloat16() for score in side] for side in scores)
    exact = [[score.double() for score in side] for side in (real, fake)]
    for found, expected in (
        (discriminator_loss(real, fake), discriminator_loss(*exact)),
        (generator_loss(fake), generator_loss(exact[1])),
    ):
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_gradient_penalty_of_half_precision_scores_is_counted_in_single() -> None:
    half = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).bfloat16().requires_grad_()
    found = gradient_penalty([half.square().sum(dim=(1, 2, 3)).view(2, 1, 1, 1)], half)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(4 * half.float().square().sum().item(), rel=1e-3)


def test_both_sides_have_every_scale(scores: tuple[list[Tensor], list[Tensor]]) -> None:
    real, fake = scores
    with pytest.raises(ValueError):
        discriminator_loss(real, fake[:1])
