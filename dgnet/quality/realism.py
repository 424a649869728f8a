"""How real generated people look, as a set: FID and KID. Images come in batches; memory does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dgnet.retrieval.arrays import EvaluationError

Float64Array = npt.NDArray[np.float64]
Network = Callable[[torch.Tensor], torch.Tensor]  # images N×3×H×W in [0, 1] -> features N×F

SAMPLE = 10_000  # features of real, and of generated, images that are kept for KID
INCEPTION, MOBILENET = "Inception-v3", "MobileNetV2"
KID_SUBSETS = 100
KID_SUBSET_SIZE = 1000


@dataclass(frozen=True)
class Realism:
    """FID and KID: lower is more alike. `kid` and `kid_sd` are mean and standard deviation over random subsets.

    `network` says by whose features; the distances have their published names by INCEPTION's alone. `halves` are the
    same distances between two halves of the real images, as low as so few images can come; None if not measured.
    """

    fid: float
    kid: float
    kid_sd: float
    num_real: int
    num_generated: int
    network: str = INCEPTION
    halves: Realism | None = None


class FeatureStream:
    """Mean, covariance and a random sample of features that arrive in batches N×F.

    The sample (reservoir sampling, Vitter 1985) depends on the seed and on the order of the features, not on the size
    of the batches.
    """

    def __init__(self, width: int, seed: int, sample_size: int = SAMPLE) -> None:
        self.count = 0
        self._sum = torch.zeros(width, dtype=torch.float64)
        self._outer = torch.zeros(width, width, dtype=torch.float64)
        self._sample = np.empty((sample_size, width), dtype=np.float32)
        self._rng = np.random.default_rng(seed)

    def add(self, features: torch.Tensor) -> None:
        """Add a batch N×F. Raises EvaluationError where a value is not finite."""
        batch = features.detach().cpu().double()
        if not bool(batch.isfinite().all()):
            raise EvaluationError(f"features of images {self.count}..{self.count + len(batch) - 1} are NaN or infinite")
        self._sum += batch.sum(dim=0)
        self._outer += batch.T @ batch
        for row in batch.float().numpy():
            self.count += 1
            place = self.count - 1 if self.count <= len(self._sample) else int(self._rng.integers(self.count))
            if place < len(self._sample):
                self._sample[place] = row

    @property
    def mean(self) -> torch.Tensor:
        return self._sum / self.count

    @property
    def covariance(self) -> torch.Tensor:
        """The unbiased covariance, F×F. Raises EvaluationError on fewer than two images."""
        if self.count < 2:
            raise EvaluationError(f"a covariance needs at least 2 images, found {self.count}")
        return (self._outer - self.count * torch.outer(self.mean, self.mean)) / (self.count - 1)

    @property
    def sample(self) -> npt.NDArray[np.float32]:
        return self._sample[: self.count]


def frechet_distance(one: FeatureStream, other: FeatureStream) -> float:
    """FID (Heusel et al. 2017): |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½).

    tr (C1 C2)^½ is the sum of the square roots of the eigenvalues of C1^½ C2 C1^½, which is symmetric.
    """
    values, vectors = torch.linalg.eigh(one.covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    product = torch.linalg.eigvalsh(root @ other.covariance @ root)
    trace = one.covariance.trace() + other.covariance.trace() - 2 * product.clamp(min=0).sqrt().sum()
    return float((one.mean - other.mean).square().sum() + trace)


def kernel_distance(
    one: npt.NDArray[np.floating],
    other: npt.NDArray[np.floating],
    *,
    num_subsets: int = KID_SUBSETS,
    subset_size: int = KID_SUBSET_SIZE,
    seed: int = 0,
) -> tuple[float, float]:
    """KID (Bińkowski et al. 2018): mean and standard deviation, over random subsets, of the unbiased squared MMD.

    The kernel is k(x, y) = (<x, y>/F + 1)³. A subset is no larger than the smaller of `one` and `other`. Raises
    EvaluationError where either has fewer than two images.
    """
    size = min(subset_size, len(one), len(other))
    if size < 2:
        raise EvaluationError(f"KID needs at least 2 images on each side, found {len(one)} and {len(other)}")
    rng = np.random.default_rng(seed)
    distances = []
    for _ in range(num_subsets):
        x = one[rng.choice(len(one), size, replace=False)].astype(np.float64)
        y = other[rng.choice(len(other), size, replace=False)].astype(np.float64)
        within = _off_diagonal_mean(_kernel(x, x)) + _off_diagonal_mean(_kernel(y, y))
        distances.append(within - 2 * _kernel(x, y).mean())
    return float(np.mean(distances)), float(np.std(distances))


def measure_realism(
    real: Iterable[torch.Tensor], generated: Iterable[torch.Tensor], network: Network, *, seed: int = 0
) -> Realism:
    """FID and KID of two streams of batches N×3×H×W in [0, 1].

    `network` gives features N×F; for the published measures it is the one that `load_inception` gives.
    """
    one = _gather(real, network, seed, "real images")
    other = _gather(generated, network, seed, "generated images")
    kid, kid_sd = kernel_distance(one.sample, other.sample, seed=seed)
    return Realism(frechet_distance(one, other), kid, kid_sd, one.count, other.count)


def _gather(batches: Iterable[torch.Tensor], network: Network, seed: int, what: str) -> FeatureStream:
    stream: FeatureStream | None = None
    with torch.inference_mode(), tqdm(desc=what, unit="image", dynamic_ncols=True) as bar:
        for batch in batches:
            features = network(batch)
            if stream is None:
                stream = FeatureStream(features.shape[1], seed)
            stream.add(features)
            bar.update(len(batch))
    if stream is None:
        raise EvaluationError(f"no {what} to measure realism on")
    return stream


def _kernel(x: Float64Array, y: Float64Array) -> Float64Array:
    cubed: Float64Array = (x @ y.T / x.shape[1] + 1) ** 3
    return cubed


def _off_diagonal_mean(kernel: Float64Array) -> float:
    size = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (size * (size - 1)))
