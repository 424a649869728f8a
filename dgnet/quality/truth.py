"""How far swaps are from the true images: L1, PSNR and SSIM, and the same measures of the structure image itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import conv2d

from dgnet.retrieval.arrays import EvaluationError

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
_SSIM_C1 = 0.01**2  # (K1 L)², L = 1
_SSIM_C2 = 0.03**2
_PAIRS_AT_ONCE = 64


def l1(images: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of each pair, N values in [0, 1]; images N×3×H×W in [0, 1]."""
    _check_pair(images, truth)
    return (images.double() - truth.double()).abs().flatten(1).mean(dim=1)


def psnr(images: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """-10 log10 MSE of each pair in dB, N values; infinite where a pair is equal. Images N×3×H×W in [0, 1]."""
    _check_pair(images, truth)
    error = (images.double() - truth.double()).square().flatten(1).mean(dim=1)
    return -10 * error.log10()


def ssim(images: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Structural similarity of each pair, N values in [-1, 1]; images N×3×H×W in [0, 1], H and W at least 11.

    Wang et al. 2004: ((2 mu_x mu_y + C1)(2 cov_xy + C2)) / ((mu_x² + mu_y² + C1)(var_x + var_y + C2)) in Gaussian
    windows of 11×11, sigma 1.5, that lie wholly inside the image; then the mean over windows and channels.
    """
    _check_pair(images, truth)
    if min(images.shape[2:]) < SSIM_WINDOW:
        raise EvaluationError(f"SSIM needs images of at least 11×11 pixels, found {tuple(images.shape[2:])}")
    x, y = images.double().flatten(0, 1)[:, None], truth.double().flatten(0, 1)[:, None]
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x.square()
    var_y = _blur(y * y) - mean_y.square()
    cov = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _SSIM_C1) / (mean_x.square() + mean_y.square() + _SSIM_C1)
    contrast = (2 * cov + _SSIM_C2) / (var_x + var_y + _SSIM_C2)
    return (luminance * contrast).reshape(len(images), -1).mean(dim=1)


@dataclass(frozen=True)
class SwapError:
    """Mean errors of swaps over `num_pairs` pairs; `copy_*` are the same measures of x_j itself, unchanged."""

    num_pairs: int
    l1: float
    psnr: float
    ssim: float
    copy_l1: float
    copy_psnr: float
    copy_ssim: float

    @property
    def ratio(self) -> float:
        """`l1` / `copy_l1`: below 1 where the swap is closer to the true image than the unchanged x_j is."""
        return self.l1 / self.copy_l1


def swap_error(swapped: torch.Tensor, truth: torch.Tensor, structure: torch.Tensor) -> SwapError:
    """Compare G(a_i, s_j), and x_j itself, with the true swap; all three N×3×H×W in [0, 1]."""
    _check_pair(swapped, truth)
    _check_pair(structure, truth)
    if len(truth) == 0:
        raise EvaluationError("no pairs to measure the swap error on")
    sums = torch.zeros(6, dtype=torch.float64)
    for start in range(0, len(truth), _PAIRS_AT_ONCE):
        rows = slice(start, start + _PAIRS_AT_ONCE)
        values = [measure(images[rows], truth[rows]) for images in (swapped, structure) for measure in (l1, psnr, ssim)]
        sums += torch.stack([value.sum().cpu() for value in values])
    means = (sums / len(truth)).tolist()
    if means[3] == 0:
        raise EvaluationError("every structure image equals its true swap: these pairs cannot measure a swap")
    return SwapError(len(truth), *means)


def _blur(planes: torch.Tensor) -> torch.Tensor:
    """Gaussian means of planes M×1×H×W, in windows that lie wholly inside the image: M×1×(H-10)×(W-10)."""
    offset = torch.arange(SSIM_WINDOW, dtype=planes.dtype, device=planes.device) - (SSIM_WINDOW - 1) / 2
    kernel = torch.exp(-offset.square() / (2 * SSIM_SIGMA**2))
    kernel = kernel / kernel.sum()
    return conv2d(conv2d(planes, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))


def _check_pair(images: torch.Tensor, truth: torch.Tensor) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or images.shape != truth.shape:
        raise EvaluationError(
            f"expected two batches N×3×H×W of one shape, found {tuple(images.shape)} and {tuple(truth.shape)}"
        )
    for batch in (images, truth):
        if batch.numel() and not bool((batch.amin() >= 0) & (batch.amax() <= 1)):
            raise EvaluationError(
                f"expected images in [0, 1], found values in [{float(batch.amin()):.3g}, {float(batch.amax()):.3g}]"
            )
