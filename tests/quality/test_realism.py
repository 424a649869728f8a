"""FID, KID and diversity against their formulas."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet.quality.diversity import lpips_distance, measure_diversity, random_pairs
from dgnet.quality.inception import load_inception
from dgnet.quality.realism import FeatureStream, frechet_distance, kernel_distance, measure_realism
from dgnet.quality.truth import ssim
from dgnet.retrieval import EvaluationError


def features(seed: int, num: int, width: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(num, width)) @ rng.normal(size=(width, width)) + seed).astype(np.float32)


def stream(array: np.ndarray, batch: int = 7, sample_size: int = 50, seed: int = 0) -> FeatureStream:
    gathered = FeatureStream(array.shape[1], seed, sample_size)
    for start in range(0, len(array), batch):
        gathered.add(torch.from_numpy(array[start : start + batch]))
    return gathered


def test_streamed_moments_equal_numpy() -> None:
    array = features(0, 100)
    gathered = stream(array)
    np.testing.assert_allclose(gathered.mean, array.astype(float).mean(axis=0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(gathered.covariance, np.cov(array.astype(float).T), rtol=1e-6, atol=1e-9)


def test_frechet_distance_equals_the_formula() -> None:
    one, other = features(0, 200).astype(float), features(1, 150).astype(float)
    c1, c2 = np.cov(one.T), np.cov(other.T)
    root_trace = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(0)).sum()
    expected = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * root_trace
    found = frechet_distance(stream(features(0, 200)), stream(features(1, 150)))
    assert found == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(stream(features(0, 200)), stream(features(0, 200))) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_of_two_gaussians_in_one_dimension() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(1, 2, (20_000, 1)), rng.normal(4, 0.5, (20_000, 1))
    found = frechet_distance(stream(one.astype(np.float32), 999), stream(other.astype(np.float32), 999))
    assert found == pytest.approx((1 - 4) ** 2 + (2 - 0.5) ** 2, rel=0.03)


def test_kernel_distance_equals_the_unbiased_estimator() -> None:
    x, y = features(0, 12).astype(float), features(1, 12).astype(float)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 6 + 1) ** 3)

    n = 12
    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    between = sum(k(x[i], y[j]) for i in range(n) for j in range(n)) / n**2
    mean, sd = kernel_distance(x, y, num_subsets=3, subset_size=100)
    assert mean == pytest.approx(within - 2 * between, rel=1e-9)
    assert sd == pytest.approx(0, abs=1e-9 * abs(mean))


def test_kernel_distance_is_seeded_and_near_zero_for_one_distribution() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 4)), rng.normal(size=(600, 4))
    first = kernel_distance(x, y, num_subsets=20, subset_size=100, seed=1)
    assert first == kernel_distance(x, y, num_subsets=20, subset_size=100, seed=1)
    assert first != kernel_distance(x, y, num_subsets=20, subset_size=100, seed=2)
    assert abs(first[0]) < 0.1 < kernel_distance(x, y + 1, num_subsets=20, subset_size=100)[0]


def test_the_sample_is_uniform_and_independent_of_batches() -> None:
    array = np.arange(2000, dtype=np.float32)[:, None]
    samples = [stream(array, batch, 200, seed=3).sample for batch in (1, 64, 2000)]
    np.testing.assert_array_equal(samples[0], samples[1])
    np.testing.assert_array_equal(samples[0], samples[2])
    assert len(np.unique(samples[0])) == 200
    assert abs(samples[0].mean() - 999.5) < 3 * 577 / 200**0.5
    assert len(stream(array[:30], sample_size=200).sample) == 30


def test_realism_of_streams() -> None:
    generator = torch.Generator().manual_seed(0)
    batches = [torch.rand(20, 3, 8, 8, generator=generator) for _ in range(6)]
    darker = [0.5 * batch for batch in batches]
    found = measure_realism(iter(batches), iter(darker), lambda x: x.mean(dim=(2, 3)))
    assert (found.num_real, found.num_generated) == (120, 120)
    flat = [torch.cat(side).mean(dim=(2, 3)).numpy() for side in (batches, darker)]
    assert found.fid == pytest.approx(frechet_distance(stream(flat[0]), stream(flat[1])), rel=1e-6)
    assert found.kid == pytest.approx(kernel_distance(*flat, seed=0)[0], rel=0.05)


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([], "no real images"),
        ([torch.rand(1, 3, 8, 8)], "at least 2 images"),
        ([torch.rand(3, 3, 8, 8) / 0], "NaN or inf"),
    ],
)
def test_realism_refuses(batches: list[torch.Tensor], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        measure_realism(batches, [torch.rand(3, 3, 8, 8)], lambda x: x.mean(dim=(2, 3)))


def test_pickles_are_not_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (f"open({str(tmp_path / 'sprung')!r}, 'w')",)

    with open(tmp_path / "trap.pth", "wb") as stream:
        pickle.dump({"fc.weight": Trap()}, stream, protocol=2)
    with pytest.raises(EvaluationError, match=r"trap.pth: cannot be read as weights"):
        load_inception(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_random_pairs_are_distinct_images_of_one_label_equally_likely() -> None:
    labels = np.array([5, 7, 5, 9, 7, 5])
    pairs = random_pairs(6, 8000, seed=0, labels=labels)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert (labels[pairs[:, 0]] == labels[pairs[:, 1]]).all()
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    assert len(found) == 3 * 2 + 2  # ordered pairs of the three fives and of the two sevens
    np.testing.assert_allclose(counts, 1000, rtol=0.15)
    assert len(np.unique(random_pairs(4, 3000), axis=0)) == 12
    np.testing.assert_array_equal(random_pairs(6, 10, seed=1), random_pairs(6, 10, seed=1))
    with pytest.raises(EvaluationError, match="no two of 3 images can be paired by label"):
        random_pairs(3, 5, labels=[1, 2, 3])
    with pytest.raises(EvaluationError, match="no two of 1 images"):
        random_pairs(1, 5)


def test_diversity_is_the_mean_over_pairs() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 12, 3), dtype=np.uint8)
    pairs = random_pairs(5, 100)
    in_01 = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255
    each = [ssim(in_01[[a]], in_01[[b]]).item() for a, b in pairs]
    found = measure_diversity(images, pairs)
    assert found.mean == pytest.approx(np.mean(each), abs=1e-6)
    assert found.sd == pytest.approx(np.std(each), abs=1e-6)
    assert found.num_pairs == 100
    with pytest.raises(EvaluationError, match="no pairs"):
        measure_diversity(images, pairs[:0])


def test_lpips_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(EvaluationError, match="LPIPS needs the package lpips"):
        lpips_distance()
