"""How different generated people are from one another: SSIM of random pairs, or LPIPS where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dgnet.data.normalise import bytes_to_01
from dgnet.quality.truth import ssim
from dgnet.retrieval.arrays import EvaluationError, LabelArray, label_vector
from dgnet.retrieval.features.extract import ImageStore

Pairs = npt.NDArray[np.int64]
_PAIRS_AT_ONCE = 64


@dataclass(frozen=True)
class Diversity:
    """Mean and standard deviation over pairs. A lower SSIM, and a higher LPIPS, is more diverse."""

    mean: float
    sd: float
    num_pairs: int


def random_pairs(number: int, num_pairs: int, *, seed: int = 0, labels: LabelArray | None = None) -> Pairs:
    """P×2 positions: pairs of different images among `number`, drawn at random.

    With `labels`, one per image, both images of a pair have the same label. Raises EvaluationError where no two images
    can be paired.
    """
    rng = np.random.default_rng(seed)
    marks = np.zeros(number, dtype=np.int64) if labels is None else label_vector(labels, "labels", number)
    order = np.argsort(marks, kind="stable")
    _, start, count = np.unique(marks[order], return_index=True, return_counts=True)
    start, count = start[count > 1], count[count > 1]
    if len(count) == 0:
        raise EvaluationError(f"no two of {number} images can be paired" + ("" if labels is None else " by label"))
    # The chance of a label is proportional to its number of pairs, so every ordered pair is equally likely.
    weight = count * (count - 1.0)
    group = rng.choice(len(count), size=num_pairs, p=weight / weight.sum())
    first = rng.integers(count[group])
    second = (first + 1 + rng.integers(count[group] - 1)) % count[group]
    return np.stack([order[start[group] + first], order[start[group] + second]], axis=1)


def measure_diversity(
    images_u8: ImageStore, pairs: Pairs, distance: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = ssim
) -> Diversity:
    """Mean and deviation of `distance` over the pairs of images (N×H×W×3 uint8): `ssim`, or `lpips_distance()`."""
    if len(pairs) == 0:
        raise EvaluationError("no pairs to measure diversity on")
    values = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        chunk = pairs[start : start + _PAIRS_AT_ONCE]
        values.append(distance(*(bytes_to_01(images_u8[chunk[:, side]]) for side in (0, 1))).double().cpu())
    every = torch.cat(values)
    return Diversity(float(every.mean()), float(every.std(unbiased=False)), len(every))


def lpips_distance(network: str = "alex") -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """LPIPS (Zhang et al. 2018) of pairs N×3×H×W in [0, 1], by the `lpips` package, which brings its own weights."""
    try:
        import lpips
    except ImportError as error:
        raise EvaluationError("LPIPS needs the package lpips (and torchvision): pip install lpips") from error
    model: Any = lpips.LPIPS(net=network, verbose=False).eval()

    def distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            values: torch.Tensor = model(one, other, normalize=True).flatten()
        return values

    return distance
