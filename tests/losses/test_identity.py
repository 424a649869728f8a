"""Cross-entropy and L_prim against loops in float64."""

import math

import pytest
import torch

from dgnet.losses.identity import cross_entropy, divergence


def softmax(row: list[float]) -> list[float]:
    exponentials = [math.exp(value - max(row)) for value in row]
    return [value / sum(exponentials) for value in exponentials]


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3


def test_cross_entropy(logits: torch.Tensor) -> None:
    label = torch.tensor([0, 4, 2, 2, 1, 3])
    losses = [-math.log(softmax(row)[y]) for row, y in zip(logits.tolist(), label.tolist(), strict=True)]
    expected = sum(losses[:3]) / 3 + sum(losses[3:]) / 3
    assert cross_entropy(logits, label).item() == pytest.approx(expected, rel=1e-6)


def test_divergence(logits: torch.Tensor) -> None:
    q = torch.rand(6, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    q[0, 1] = 0.0
    q /= q.sum(dim=1, keepdim=True)
    losses = []
    for row, target in zip(logits.tolist(), q.tolist(), strict=True):
        p = softmax(row)
        losses.append(sum(t * math.log(t / p[k]) for k, t in enumerate(target) if t > 0))
    expected = sum(losses[:3]) / 3 + sum(losses[3:]) / 3
    assert divergence(logits, q).item() == pytest.approx(expected, rel=1e-6)


def test_divergence_vanishes_where_both_agree(logits: torch.Tensor) -> None:
    assert divergence(logits, logits.softmax(dim=1)).item() == pytest.approx(0, abs=1e-6)


def test_divergence_of_one_hot_labels_has_finite_gradients(logits: torch.Tensor) -> None:
    given = logits.clone().requires_grad_()
    divergence(given, torch.eye(6, 5, dtype=torch.float64).clamp(max=1).roll(1, 1) + 0).backward()
    assert given.grad is not None
    assert torch.isfinite(given.grad).all()


def test_half_precision_scores_are_counted_in_single(logits: torch.Tensor) -> None:
    half, label = logits.bfloat16(), torch.tensor([0, 4, 2, 2, 1, 3])
    q = torch.rand(6, 5, generator=torch.Generator().manual_seed(1)).softmax(dim=1)
    for found, expected in (
        (cross_entropy(half, label), cross_entropy(half.double(), label)),
        (divergence(half, q), divergence(half.double(), q.double())),
    ):
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)
