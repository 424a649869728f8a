"""Whitening features by how one person's images differ: what varies within people counts less.

With unit features f_n of labelled people, m_p the mean of person p's, N images and P people, the covariance within
people is

    S = sum_n (f_n - m_p(n)) (f_n - m_p(n))^T / (N - P)

and the whitened feature is W f with W = (S + r tr(S)/F I)^(-1/2), F the features' length and r a small ridge. Distances
of W f are Mahalanobis distances with S: within-class covariance normalisation (Hatch, Kajarekar and Stolcke 2006). What
cameras, poses and light change is what varies within people, so it is this that loses weight; no network is trained.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import EvaluationError

Float64Array = npt.NDArray[np.float64]
MIN_PAIRS = 50  # images beyond the first of each person, from which alone anything is learnt


def whitening(features: npt.NDArray[np.floating], pids: npt.NDArray[np.int64], ridge: float) -> Float64Array:
    """W, F x F, symmetric, positive and with a mean eigenvalue of 1.

    Args:
        features: N x F, of length 1.
        pids: whose they are, N.
        ridge: r, above 0: with few images more is better.

    Raises:
        EvaluationError: too few people come twice, or there is one person alone.
    """
    people, person, count = np.unique(pids, return_inverse=True, return_counts=True)
    pairs = len(pids) - len(people)
    if len(people) < 2:
        raise EvaluationError(f"found {len(pids)} images of one person alone: nothing tells what varies within people")
    if pairs < MIN_PAIRS:
        raise EvaluationError(
            f"found {len(pids)} images of {len(people)} people: how one person's images differ is learnt from people "
            f"who come several times, and at least {MIN_PAIRS} images beyond the first of each are needed"
        )
    f = features.astype(np.float64)
    means = np.zeros((len(people), f.shape[1]))
    np.add.at(means, person, f)
    apart = f - (means / count[:, None])[person]
    within = apart.T @ apart / pairs
    values, vectors = np.linalg.eigh(within + ridge * np.trace(within) / len(within) * np.eye(len(within)))
    found: Float64Array = (vectors / np.sqrt(values)) @ vectors.T
    return found * len(found) / np.trace(found)
