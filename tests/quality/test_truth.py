"""L1, PSNR and SSIM against naive loops in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dgnet.quality.truth import SwapError, l1, psnr, ssim, swap_error
from dgnet.retrieval import EvaluationError


def batch(seed: int, num: int = 3, height: int = 14, width: int = 12) -> torch.Tensor:
    return torch.rand(num, 3, height, width, generator=torch.Generator().manual_seed(seed))


def naive_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, one window at a time; C×H×W."""
    weights = np.array(
        [[math.exp(-((r - 5) ** 2 + (c - 5) ** 2) / (2 * 1.5**2)) for c in range(11)] for r in range(11)]
    )
    weights /= weights.sum()
    values = []
    for channel in range(x.shape[0]):
        for top in range(x.shape[1] - 10):
            for left in range(x.shape[2] - 10):
                p = x[channel, top : top + 11, left : left + 11]
                q = y[channel, top : top + 11, left : left + 11]
                mean_p, mean_q = (weights * p).sum(), (weights * q).sum()
                var_p, var_q = (weights * (p - mean_p) ** 2).sum(), (weights * (q - mean_q) ** 2).sum()
                cov = (weights * (p - mean_p) * (q - mean_q)).sum()
                values.append(
                    (2 * mean_p * mean_q + 0.0001)
                    * (2 * cov + 0.0009)
                    / ((mean_p**2 + mean_q**2 + 0.0001) * (var_p + var_q + 0.0009))
                )
    return sum(values) / len(values)


def test_ssim_equals_the_formula_window_by_window() -> None:
    x, y = batch(0), (batch(0) * 0.8 + batch(1) * 0.2)
    expected = [naive_ssim(p.double().numpy(), q.double().numpy()) for p, q in zip(x, y, strict=True)]
    np.testing.assert_allclose(ssim(x, y).numpy(), expected, atol=1e-10)
    assert 0.3 < expected[0] < 0.99


def test_l1_and_psnr_equal_their_formulas() -> None:
    x, y = batch(0), batch(1)
    for n in range(3):
        difference = x[n].double().numpy() - y[n].double().numpy()
        assert l1(x, y)[n].item() == pytest.approx(np.abs(difference).mean(), rel=1e-9)
        assert psnr(x, y)[n].item() == pytest.approx(10 * math.log10(1 / (difference**2).mean()), rel=1e-9)


def test_equal_images() -> None:
    x = batch(0)
    assert l1(x, x).tolist() == [0.0] * 3
    assert ssim(x, x).tolist() == pytest.approx([1.0] * 3)
    assert psnr(x, x).tolist() == [math.inf] * 3


def test_swap_error_stands_beside_copying_the_structure_image() -> None:
    truth, structure = batch(0, num=70), batch(1, num=70)
    swapped = 0.75 * truth + 0.25 * structure
    error = swap_error(swapped, truth, structure)
    assert error.num_pairs == 70
    assert error.ratio == pytest.approx(0.25, rel=1e-5)
    assert error.copy_l1 == pytest.approx(l1(structure, truth).mean().item())
    assert error.psnr == pytest.approx(psnr(swapped, truth).mean().item())
    assert error.ssim == pytest.approx(ssim(swapped, truth).mean().item())
    assert error.copy_psnr == pytest.approx(psnr(structure, truth).mean().item())
    assert error.copy_ssim == pytest.approx(ssim(structure, truth).mean().item())
    assert isinstance(error, SwapError)


@pytest.mark.parametrize(
    ("swapped", "truth", "structure", "message"),
    [
        (batch(0), batch(1)[:2], batch(2), "two batches N×3×H×W of one shape"),
        (batch(0)[:, :1], batch(1)[:, :1], batch(2)[:, :1], "two batches N×3×H×W of one shape"),
        (batch(0) * 2, batch(1), batch(2), r"images in \[0, 1\], found values in"),
        (batch(0)[:0], batch(1)[:0], batch(2)[:0], "no pairs"),
        (batch(0), batch(1), batch(1), "every structure image equals its true swap"),
        (batch(0, width=10), batch(1, width=10), batch(2, width=10), r"at least 11×11 pixels, found \(14, 10\)"),
    ],
)
def test_clear_errors(swapped: torch.Tensor, truth: torch.Tensor, structure: torch.Tensor, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        swap_error(swapped, truth, structure)
