"""The five label strategies against values computed by hand."""

import pytest
import torch

from dgnet.losses.labels import soft_label

PROBABILITIES = torch.tensor([[0.5, 0.2, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]], dtype=torch.float64)
LABEL_I, LABEL_J = torch.tensor([1, 0]), torch.tensor([2, 0])

EXPECTED = {
    "dynamic_soft": [[0.5, 0.2, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]],
    "pseudo": [[1, 0, 0, 0], [0, 0, 0, 1]],
    "appearance": [[0, 1, 0, 0], [1, 0, 0, 0]],
    "lsro": [[0.25] * 4, [0.25] * 4],
    "two_label": [[0, 0.5, 0.5, 0], [1, 0, 0, 0]],
}


@pytest.mark.parametrize("strategy", list(EXPECTED))
def test_strategy(strategy: str) -> None:
    q = soft_label(strategy, PROBABILITIES, LABEL_I, LABEL_J)  # type: ignore[arg-type]
    torch.testing.assert_close(q, torch.tensor(EXPECTED[strategy], dtype=torch.float64), rtol=1e-6, atol=1e-9)


def test_two_label_of_a_teacher_that_excludes_both_is_even() -> None:
    q = soft_label("two_label", torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.tensor([1]), torch.tensor([3]))
    torch.testing.assert_close(q, torch.tensor([[0.0, 0.5, 0.0, 0.5]]))


def test_two_label_of_a_teacher_that_excludes_one_is_a_distribution() -> None:
    q = soft_label("two_label", torch.tensor([[0.5, 0.0, 0.5, 0.0]]), torch.tensor([1]), torch.tensor([2]))
    assert (q >= 0).all()
    torch.testing.assert_close(q, torch.tensor([[0.0, 0.0, 1.0, 0.0]]))
