"""A step of adaptation against its equations written with loops, and the memory of centres."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dgnet.config import AdaptConfig, RunConfig
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.retrieval.clustering.dbscan import Clustering
from dgnet.training.adaptation.adapt import resting, trainable, width_of
from dgnet.training.adaptation.clusters import Clusters
from dgnet.training.adaptation.features import Describer, retrieval_features, unit_feature
from dgnet.training.adaptation.memory import Memory
from dgnet.training.adaptation.step import AdaptBatch, AdaptTerms, Pair, adapt_step

AUTOCAST = torch.autocast("cpu", enabled=False)
SETTINGS = AdaptConfig(temperature=0.2, soft=0.5, ema=0.9)
ALPHA = 0.5
CLUSTER_OF = torch.tensor([0, 0, 1, 2])  # four centres: the first cluster was seen by two cameras


@pytest.fixture(params=["E_a", "Baseline"])
def network(request: pytest.FixtureRequest, config: RunConfig) -> Describer:
    torch.manual_seed(0)
    if request.param == "E_a":
        return AppearanceEncoder(config.network, 0).eval()
    return Teacher(config.teacher.backbone, 8, 3).freeze()


@pytest.fixture
def batch() -> AdaptBatch:
    generator = torch.Generator().manual_seed(1)
    x, x_erased = torch.randn(2, 6, 3, 64, 32, generator=generator)
    return AdaptBatch(x, x_erased, torch.tensor([0, 0, 1, 1, 2, 2]))


def centres_of(network: Describer) -> Tensor:
    random = torch.randn(4, width_of(network), generator=torch.Generator().manual_seed(2))
    return torch.nn.functional.normalize(random, dim=1)


def pair_of(network: Describer) -> Pair:
    return Pair(trainable(network).train(), resting(network), ALPHA)


def step(
    pair: Pair, batch: AdaptBatch, centres: Tensor, settings: AdaptConfig = SETTINGS, lr: float = 0.1, fed: float = 0.0
) -> AdaptTerms:
    optimizer = torch.optim.SGD(pair.student.parameters(), lr=lr)
    return adapt_step(
        pair, optimizer, batch, Memory(centres, CLUSTER_OF, settings.temperature), settings, fed, AUTOCAST
    )


def test_the_losses_are_the_equations(network: Describer, batch: AdaptBatch) -> None:
    pair, centres = pair_of(network), centres_of(network)
    f = unit_feature(copy.deepcopy(pair.student), batch.x_erased, ALPHA).tolist()
    g = unit_feature(pair.teacher, batch.x, ALPHA).tolist()

    def softmax(feature: list[float]) -> list[float]:
        scores = [sum(a * b for a, b in zip(feature, c, strict=True)) / 0.2 for c in centres.tolist()]
        total = sum(math.exp(score) for score in scores)
        return [math.exp(score) / total for score in scores]

    cluster, soft = [], []
    for i, k in enumerate(batch.cluster.tolist()):
        p, q = softmax(f[i]), softmax(g[i])
        own = [u for u in range(4) if CLUSTER_OF[u] == k]
        cluster.append(-sum(math.log(p[u]) for u in own) / len(own))
        soft.append(-sum(q[u] * math.log(p[u]) for u in range(4)))
    terms = step(pair, batch, centres)
    assert float(terms.cluster) == pytest.approx(np.mean(cluster), rel=1e-4)
    assert float(terms.soft) == pytest.approx(np.mean(soft), rel=1e-4)
    torch.testing.assert_close(terms.feature, torch.tensor(f))
    torch.testing.assert_close(terms.feature.norm(dim=1), torch.ones(6))


def test_the_student_learns_and_the_mean_teacher_follows(network: Describer, batch: AdaptBatch) -> None:
    pair, centres = pair_of(network), centres_of(network)
    before = copy.deepcopy(pair.teacher.state_dict())
    step(pair, batch, centres)
    after, now = pair.teacher.state_dict(), pair.student.state_dict()
    for name, old in before.items():
        if old.is_floating_point():
            torch.testing.assert_close(after[name], 0.9 * old + 0.1 * now[name], msg=name)
    trained = {n for n, p in pair.student.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert {name.split(".")[0] for name in trained} == (
        {"backbone", "head"} if isinstance(network, Teacher) else {"backbone", "prim", "fine"}
    )
    assert all(not p.requires_grad for p in pair.teacher.parameters())
    losses = [float(step(pair, batch, centres, lr=0.05).cluster) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


def test_soft_labels_are_left_out_at_weight_0(network: Describer, batch: AdaptBatch) -> None:
    pairs = [pair_of(network) for _ in range(2)]
    for pair, soft in zip(pairs, (0.0, 3.0), strict=True):
        step(pair, batch, centres_of(network), replace(SETTINGS, soft=soft))
    one, other = (
        torch.cat([p.grad.flatten() for p in pair.student.parameters() if p.grad is not None]) for pair in pairs
    )
    assert not torch.allclose(one, other)


def test_the_feature_is_the_one_that_retrieval_ranks_by(config: RunConfig) -> None:
    torch.manual_seed(0)
    network = AppearanceEncoder(config.network, 0).eval()
    images_u8 = np.random.default_rng(0).integers(0, 256, (5, 64, 32, 3), dtype=np.uint8)
    found = retrieval_features(network, images_u8, ALPHA, torch.device("cpu"))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    straight = torch.from_numpy(found)
    assert straight.shape == (5, width_of(network))
    prim, fine = straight.split(8, dim=1)
    torch.testing.assert_close(fine.norm(dim=1) / prim.norm(dim=1), torch.full((5,), ALPHA**0.5))


LABELS, CAMIDS = np.array([1, 0, 0, -1, 1, 0]), np.array([5, 2, 2, 2, 5, 9])


def found_of(labels: np.ndarray, score: float = 0.3) -> Clustering:
    return Clustering(labels, np.full(len(labels), score, np.float32), 0.4)


def memory(features: np.ndarray) -> Clusters:
    clusters = Clusters(CAMIDS, 3, features.shape[1])
    assert clusters.take(0, features, found_of(LABELS))
    return clusters


def test_a_centre_is_the_mean_of_a_cluster_by_one_camera() -> None:
    features = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    clusters = memory(features)
    assert clusters.cluster_of.tolist() == [0, 0, 1]
    assert clusters.centre_of.tolist() == [2, 0, 0, -1, 2, 1]
    for centre, images in enumerate(([1, 2], [5], [0, 4])):
        mean = features[images].mean(axis=0)
        np.testing.assert_allclose(clusters.centres[centre].numpy(), mean / np.linalg.norm(mean), rtol=1e-5)


def test_a_centre_moves_to_the_mean_of_its_images_in_the_batch_and_no_other_moves() -> None:
    clusters = memory(np.eye(6, 3, dtype=np.float32) + 0.1)
    old, f = clusters.centres.clone(), torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    clusters.move(f, torch.tensor([2, 0, 2]), 0.25)
    expected = [old[0] * 0.25 + 0.75 * f[1], old[1], old[2] * 0.25 + 0.75 * (f[0] + f[2]) / 2]
    torch.testing.assert_close(clusters.centres, torch.stack([one / one.norm() for one in expected]))


def test_the_best_epoch_and_its_clusters_are_kept_and_loaded_with_any_number_of_centres() -> None:
    features = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    clusters = memory(features)
    other = np.array([0, 0, 1, 1, 2, 2])
    assert not clusters.take(1, features, found_of(other, 0.2))
    assert (int(clusters.best), clusters.best_clustering.labels.tolist()) == (0, LABELS.tolist())
    assert clusters.take(2, features, found_of(other, 0.5))
    assert (int(clusters.best), clusters.best_clustering.labels.tolist()) == (2, other.tolist())
    assert clusters.best_clustering.score == pytest.approx(0.5)
    fresh = Clusters(CAMIDS, 3, 3)
    fresh.load_state_dict(clusters.state_dict())
    for name, value in clusters.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value), name
