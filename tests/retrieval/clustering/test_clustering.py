"""DBSCAN, silhouettes and agreement against their definitions, written with loops."""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from dgnet.retrieval.clustering import silhouette
from dgnet.retrieval.clustering.agreement import agreement
from dgnet.retrieval.clustering.dbscan import Clustering, ClusteringError, best_clustering, cluster
from dgnet.retrieval.clustering.silhouette import silhouettes
from dgnet.retrieval.kernel.sparse import SparseRows, from_entries

Matrix = npt.NDArray[np.float64]


def distances_of(seed: int = 0, people: int = 6, each: int = 7, noise: float = 0.25) -> tuple[SparseRows, Matrix]:
    """A symmetric matrix with near images of each person and many pairs at distance 1; sparse, and as it is."""
    rng = np.random.default_rng(seed)
    person = np.arange(people * each) % people
    whole = np.where(person[:, None] == person, 0.35, 0.95) + rng.normal(0, noise, (len(person), len(person)))
    whole = np.clip((whole + whole.T) / 2, 0.01, 1).astype(np.float32).astype(np.float64)
    np.fill_diagonal(whole, 0)
    row, column = np.nonzero(whole < 1)
    return from_entries(row, column, whole[row, column], len(whole), len(whole)), whole


@pytest.mark.parametrize("eps", [0.1, 0.25, 0.4])
def test_clusters_are_those_of_the_definition(eps: float) -> None:
    pytest.importorskip("sklearn")
    sparse, whole = distances_of()
    near = whole <= eps
    cores = np.flatnonzero(near.sum(axis=1) >= 4)
    labels = cluster(sparse, 4, eps).labels
    groups = {core: {core} for core in cores.tolist()}
    for a, b in combinations(cores.tolist(), 2):
        if near[a, b] and groups[a] is not groups[b]:
            groups[a] |= groups[b]
            for one in groups[a]:
                groups[one] = groups[a]
    for a, b in combinations(cores.tolist(), 2):
        assert (labels[a] == labels[b]) == (groups[a] is groups[b])
    for image in set(range(len(whole))) - set(cores.tolist()):
        reached = {int(labels[core]) for core in cores if near[image, core]}
        assert int(labels[image]) in (reached or {-1})


def naive_silhouette(whole: Matrix, labels: npt.NDArray[np.int64], image: int) -> float:
    own = [other for other in range(len(labels)) if labels[other] == labels[image] and other != image]
    if labels[image] < 0 or not own:
        return 0.0
    a = float(np.mean([whole[image, other] for other in own]))
    others = set(labels.tolist()) - {-1, int(labels[image])}
    b = min((float(whole[image, labels == one].mean()) for one in others), default=1.0)
    return (b - a) / max(a, b)


@pytest.mark.parametrize("labels", ["people", "random", "one"])
def test_silhouettes_are_the_formula(labels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sparse, whole = distances_of(1)
    number = len(whole)
    given = {
        "people": np.arange(number) % 6,
        "random": np.r_[5, np.random.default_rng(0).integers(-1, 5, number - 1)],  # cluster 5 has one image
        "one": np.r_[np.zeros(number - 3), -1, -1, -1],
    }[labels].astype(np.int64)
    expected = [naive_silhouette(whole, given, image) for image in range(number)]
    found = silhouettes(sparse, given)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    monkeypatch.setattr(silhouette, "_ENTRIES_AT_ONCE", 5)
    np.testing.assert_array_equal(silhouettes(sparse, given), found)


def test_the_score_is_the_mean_silhouette_of_the_clustered_times_their_share() -> None:
    one = Clustering(np.array([0, 0, -1, 1]), np.array([0.5, 0.7, 0, 0.1], np.float32), 0.4)
    assert one.num_clusters == 2
    assert one.share == 0.75
    assert one.score == pytest.approx((0.5 + 0.7 + 0.1) / 3 * 0.75)


def test_eps_is_chosen_between_leaving_out_and_joining() -> None:
    pytest.importorskip("sklearn")
    sparse, _ = distances_of(2, noise=0.12)
    grid = (0.05, 0.15, 0.3, 0.45, 0.97)
    found = {eps: cluster(sparse, 4, eps) for eps in grid}
    assert found[0.05].num_clusters == 0
    assert found[0.97].num_clusters == 1
    best = best_clustering(sparse, 4, grid, progress=False)
    assert best.score == max(one.score for one in found.values())
    assert best.num_clusters == 6
    assert agreement(best.labels, np.arange(42) % 6).rand > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_agreement_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, pids = rng.integers(-1, 4, 30), rng.integers(0, 5, 30) * 7
    clusters = [int(c) if c >= 0 else 100 + i for i, c in enumerate(labels)]
    pairs = list(combinations(range(30), 2))
    in_cluster = [clusters[a] == clusters[b] for a, b in pairs]
    in_person = [pids[a] == pids[b] for a, b in pairs]
    both = sum(one and other for one, other in zip(in_cluster, in_person, strict=True))
    chance = sum(in_cluster) * sum(in_person) / len(pairs)
    most = (sum(in_cluster) + sum(in_person)) / 2
    right = sum(np.bincount(pids[labels == one]).max() for one in set(labels.tolist()) - {-1})
    found = agreement(labels, pids)
    assert found.rand == pytest.approx((both - chance) / (most - chance))
    assert found.purity == pytest.approx(right / (labels >= 0).sum())


def test_agreement_of_nothing_and_of_everything() -> None:
    nothing = agreement(np.full(5, -1), np.array([1, 1, 2, 2, 3]))
    assert (nothing.purity, nothing.rand) == (0.0, 0.0)
    everything = agreement(np.array([0, 0, 1, 1, 2]), np.array([9, 9, 4, 4, 5]))
    assert (everything.purity, everything.rand) == (1.0, 1.0)


def test_without_scikit_learn_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(ClusteringError, match=r'needs scikit-learn: pip install "dgnet\[adapt\]"'):
        cluster(distances_of()[0], 4, 0.3)
