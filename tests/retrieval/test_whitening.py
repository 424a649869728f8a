"""Whitening: the covariance within people becomes the identity, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.whitening import whitening


def test_within_people_all_directions_vary_alike_afterwards() -> None:
    random = np.random.default_rng(0)
    pids = np.repeat(np.arange(60), 10)
    spread = random.normal(size=(6, 6))  # how one person's images differ
    f = random.normal(size=(60, 6))[pids] * 5 + random.normal(size=(600, 6)) @ spread
    W = whitening(f, pids, 1e-12)
    np.testing.assert_allclose(W, W.T, atol=1e-12)
    assert np.trace(W) == pytest.approx(6)
    white = f @ W
    within = sum((part - part.mean(0)).T @ (part - part.mean(0)) for part in (white[pids == p] for p in range(60)))
    np.testing.assert_allclose(within / within[0, 0], np.eye(6), atol=1e-9)


def test_a_ridge_without_end_leaves_features_as_they_are() -> None:
    f = np.random.default_rng(1).normal(size=(80, 5))
    np.testing.assert_allclose(whitening(f, np.arange(80) % 8, 1e9), np.eye(5), atol=1e-8)


def test_what_varies_within_people_no_longer_hides_who_they_are() -> None:
    """One strong direction of light, the same for everybody, and a weak one that tells people apart."""
    random = np.random.default_rng(2)
    pids = np.repeat(np.arange(20), 6)
    f = np.stack([random.normal(size=120) * 10, pids / 5 + random.normal(size=120) * 0.01], axis=1)

    def right(g: np.ndarray) -> float:
        near = np.linalg.norm(g[:, None] - g[None], axis=2) + np.eye(120) * 1e9
        return float((pids[near.argmin(1)] == pids).mean())

    assert right(f) < 0.5
    assert right(f @ whitening(f, pids, 1e-9)) == 1


def test_too_few_who_come_twice_are_refused() -> None:
    f = np.random.default_rng(3).normal(size=(100, 4))
    with pytest.raises(EvaluationError, match=r"found 100 images of 51 people.*at least 50 images beyond the first"):
        whitening(f, np.minimum(np.arange(100), 50), 0.1)
