"""L1 against loops over numbers in float64."""

import itertools

import pytest
import torch

from dgnet.losses.reconstruction import l1


def test_l1_is_the_sum_over_both_directions_of_the_mean_over_each() -> None:
    generator = torch.Generator().manual_seed(0)
    estimate, target = (torch.randn(4, 3, 2, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    total = 0.0
    for direction in range(2):
        numbers = []
        for n, c, h, w in itertools.product(range(2), range(3), range(2), range(5)):
            place = (2 * direction + n, c, h, w)
            numbers.append(abs(float(target[place]) - float(estimate[place])))
        total += sum(numbers) / len(numbers)
    torch.testing.assert_close(
        l1(estimate, target).double(), torch.tensor(total, dtype=torch.float64), rtol=1e-6, atol=0
    )


def test_a_weight_multiplies_each_difference() -> None:
    estimate, target = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(2, 2)
    assert float(l1(estimate, target, torch.tensor([[2.0], [0.5]]))) == pytest.approx(2 * (2 + 4 + 1.5 + 2) / 4)


def test_l1_of_half_precision_is_computed_in_single() -> None:
    assert l1(torch.ones(2, 3, dtype=torch.bfloat16), torch.zeros(2, 3)).dtype == torch.float32


def test_half_precision_is_subtracted_in_single() -> None:
    generator = torch.Generator().manual_seed(0)
    estimate, target = (torch.randn(4, 500, generator=generator).bfloat16() for _ in range(2))
    expected = 2 * (estimate.double() - target.double()).abs().mean()
    torch.testing.assert_close(l1(estimate, target).double(), expected, rtol=1e-6, atol=0)


def test_shapes_must_agree() -> None:
    with pytest.raises(AssertionError, match="against"):
        l1(torch.ones(2, 3), torch.ones(2, 1))
