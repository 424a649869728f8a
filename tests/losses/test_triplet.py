"""The triplet term, and label smoothing, against loops in float64."""

import math

import pytest
import torch

from dgnet.losses.identity import cross_entropy
from dgnet.losses.triplet import triplet


def naive(feature: torch.Tensor, label: list[int]) -> float:
    rows, terms = feature.double().tolist(), []
    for i, own in enumerate(rows):
        to = [math.dist(own, other) for other in rows]
        same = [to[k] for k in range(len(rows)) if label[k] == label[i] and k != i]
        others = [to[k] for k in range(len(rows)) if label[k] != label[i]]
        if same and others:
            terms.append(math.log1p(math.exp(max(same) - min(others))))
    return 2 * sum(terms) / len(terms)


@pytest.mark.parametrize("label", [[0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 2], [3, 3, 1, 1, 1, 1]])
def test_triplet(label: list[int]) -> None:
    feature = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    assert triplet(feature, torch.tensor(label)).item() == pytest.approx(naive(feature, label), rel=1e-5)
    half = feature.bfloat16()
    found = triplet(half, torch.tensor(label))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(naive(half, label), rel=1e-5)


@pytest.mark.parametrize("label", [[0, 0, 0], [0, 1, 2]])
def test_without_a_pair_or_without_others_there_is_nothing_to_learn(label: list[int]) -> None:
    feature = torch.randn(3, 5, requires_grad=True)
    found = triplet(feature, torch.tensor(label))
    found.backward()
    assert found.item() == 0
    assert feature.grad is not None
    assert not feature.grad.any()


def test_the_gradient_is_finite_where_a_partner_is_the_image_itself() -> None:
    feature = torch.randn(2, 5).repeat(2, 1).requires_grad_()
    triplet(feature, torch.tensor([0, 1, 0, 1])).backward()
    assert feature.grad is not None
    assert torch.isfinite(feature.grad).all()
    assert feature.grad.any()


def test_label_smoothing() -> None:
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    label, losses = torch.tensor([0, 4, 2, 2]), []
    for row, y in zip(logits.tolist(), label.tolist(), strict=True):
        log_p = [value - math.log(sum(map(math.exp, row))) for value in row]
        losses.append(0.7 * -log_p[y] + 0.3 * -sum(log_p) / 5)
    expected = sum(losses[:2]) / 2 + sum(losses[2:]) / 2
    assert cross_entropy(logits, label, 0.3).item() == pytest.approx(expected, rel=1e-6)
    assert torch.equal(cross_entropy(logits, label, 0.0), cross_entropy(logits, label))
