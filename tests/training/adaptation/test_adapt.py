"""Adaptation as a whole: stopped in every step, it ends bit for bit as one that was not; what it refuses."""

from __future__ import annotations

import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dgnet.config import AdaptConfig
from dgnet.models.appearance import AppearanceEncoder
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.clustering.dbscan import Clustering
from dgnet.training.adaptation import adapt as adapt_module
from dgnet.training.adaptation.adapt import Adapted, Unlabelled, adapt, require_enough
from dgnet.training.adaptation.clusters import Clusters
from dgnet.training.adaptation.features import Describer
from dgnet.training.adaptation.finding import AdaptError, why_stop
from dgnet.training.log import read_log
from dgnet.training.session import Context
from dgnet.training.stop import Interrupted
from dgnet.training.views import Views

CPU = torch.device("cpu")


@pytest.fixture
def encoder(model: DGNet) -> AppearanceEncoder:
    return model.appearance_encoder


def run(encoder: Describer, images: Unlabelled, context: Context) -> Adapted:
    settings = context.config.adapt
    views = Views(
        images.crops, settings.num_ids * settings.num_images, context.config.augment, context.config.seed, CPU
    )
    return adapt(encoder, images, views, context, lambda _network, found: {"judged": float(found.num_clusters)})


def test_adaptation_stopped_in_every_step_is_the_same(
    encoder: AppearanceEncoder, images: Unlabelled, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states are saved in every step, in the middle of an epoch too, with labels and memory."""
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    whole = run(encoder, images, context)
    assert all(torch.equal(encoder.state_dict()[name], value) for name, value in before.items())
    parts = replace(
        context, checkpoints=context.checkpoints.with_name("parts"), log=context.log.with_name("parts.jsonl")
    )
    real = adapt_module.adapt_step

    def interrupted(*arguments: object) -> object:
        signal.raise_signal(signal.SIGTERM)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(adapt_module, "adapt_step", interrupted)
    for step in range(1, 4):
        with pytest.raises(Interrupted, match=f"stopped after {step} of 4 adapt steps"):
            run(encoder, images, parts)
    found = run(encoder, images, parts)
    kept: dict[str, Tensor] = whole.network.state_dict()
    assert [name for name, value in found.network.state_dict().items() if not torch.equal(value, kept[name])] == []
    assert (found.best, found.scores) == (whole.best, whole.scores)
    assert found.clusters.labels.tolist() == whole.clusters.labels.tolist()
    logs = [[{k: v for k, v in row.items() if k != "seconds"} for row in read_log(one.log)] for one in (context, parts)]
    assert logs[0] == logs[1]
    assert [row["step"] for row in logs[0] if row["phase"] == "clusters"] == [0, 1, 2]
    assert {"clusters", "outliers", "eps", "score", "judged"} <= logs[0][0].keys()


def test_it_learns_and_keeps_the_epoch_with_the_highest_score(
    encoder: AppearanceEncoder, images: Unlabelled, context: Context
) -> None:
    settings = replace(context.config.adapt, steps=8, num_ids=4, num_images=4, temperature=0.3)
    more = replace(context.config, adapt=settings)
    found = run(encoder, images, replace(context, config=more))
    assert found.scores[found.best] == max(found.scores)
    rows = [row for row in read_log(context.log) if row["phase"] == "adapt"]
    assert sum(row["cluster"] for row in rows[-3:]) < sum(row["cluster"] for row in rows[:3])
    moved = [n for n, p in found.network.named_parameters() if not torch.equal(p, encoder.get_parameter(n))]
    assert (len(moved) > 0) == (found.best > 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eps": 0.001}, r"^no clusters with eps 0.001 \(adapt.eps\): the model finds no groups"),
        ({"eps": 0.99, "k1": 22}, "^one cluster alone with eps 0.99"),
    ],
)
def test_nothing_to_tell_apart_is_said_before_a_step(
    change: dict[str, float], said: str, encoder: AppearanceEncoder, images: Unlabelled, context: Context
) -> None:
    own = replace(context.config, adapt=replace(context.config.adapt, **change))  # type: ignore[arg-type]
    with pytest.raises(AdaptError, match=said):
        run(encoder, images, replace(context, config=own))
    assert not context.checkpoints.exists()


@pytest.mark.parametrize(
    ("copies", "said"), [(0, "the images' features are all the same"), (5, "of 24 images, all but 5 are near copies")]
)
def test_images_that_are_all_alike_are_refused(
    copies: int, said: str, encoder: AppearanceEncoder, images: Unlabelled, context: Context
) -> None:
    alike = replace(images, places=np.zeros(24, dtype=np.int64))
    own = replace(context.config, adapt=replace(context.config.adapt, copies=copies))
    with pytest.raises(AdaptError, match=f"no clusters can be found: {said}"):
        run(encoder, alike, replace(context, config=own))


def test_too_few_images_are_refused(images: Unlabelled, settings: AdaptConfig) -> None:
    require_enough(images, settings)
    with pytest.raises(AdaptError, match=r"found 24 different images, too few .* at least 32 are needed"):
        require_enough(images, AdaptConfig())


@pytest.mark.parametrize(
    ("scores", "said"),
    [((0.1, 0.2, 0.3), ""), ((0.3, 0.2), ""), ((0.3, 0.2, 0.1), "has not risen for 2 epochs; .* epoch 0 is kept")],
)
def test_it_stops_when_the_score_no_longer_rises(scores: tuple[float, ...], said: str, settings: AdaptConfig) -> None:
    clusters = Clusters(np.zeros(4, dtype=np.int64), 5, 2)
    for epoch, score in enumerate(scores):
        found = Clustering(np.array([0, 0, 1, 1]), np.full(4, score, np.float32), 0.5)
        clusters.take(epoch, np.eye(4, 2, dtype=np.float32), found)
    reason = why_stop(len(scores) - 1, found, clusters, replace(settings, epochs=5, patience=2))
    assert re.search(said, reason)
    assert bool(reason) == bool(said)
