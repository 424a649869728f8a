"""Adaptation: cluster the images, learn the clusters as identities, and again; the best epoch's network is kept."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch.optim import Optimizer

from dgnet.config import AdaptConfig
from dgnet.data.batches.clusters import ClusterSampler
from dgnet.data.batches.pairs import Indices
from dgnet.data.store.packed import CropStore
from dgnet.errors import DgnetError
from dgnet.files.images import ImagesU8
from dgnet.models.appearance import Teacher
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.clustering.dbscan import OUTLIER, Clustering, best_clustering, cluster
from dgnet.retrieval.features.extract import Float32Array
from dgnet.retrieval.ranking.jaccard import jaccard_distances
from dgnet.training.adaptation.clusters import Clusters
from dgnet.training.adaptation.features import Describer, retrieval_features
from dgnet.training.adaptation.step import AdaptBatch, Pair, adapt_step
from dgnet.training.log import JsonLines
from dgnet.training.optim.optimizers import nesterov
from dgnet.training.session import Context, NamedTerms, Session
from dgnet.training.views import Views

logger = logging.getLogger(__name__)
PHASE = "clusters"  # of the log's lines about the clusters of each epoch; their `step` is the epoch


class AdaptError(DgnetError, ValueError):
    """These images cannot be learnt from; the message says what was found and what to do."""


@dataclass(frozen=True)
class Unlabelled:
    """The images that are adapted to: `places` in the store `crops`, each other image once, and their cameras.

    `camids` are all the same where cameras are unknown.
    """

    crops: CropStore
    places: Indices
    camids: Indices

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, indices: Indices) -> ImagesU8:
        return self.crops[self.places[indices]]


@dataclass(frozen=True)
class Adapted:
    """The network of the best epoch, in eval mode, and the clusters that it made; `scores` are those of all epochs."""

    network: Describer
    clusters: Clustering
    best: int
    scores: tuple[float, ...]


def require_enough(images: Unlabelled, settings: AdaptConfig) -> None:
    """Raise AdaptError if there are too few images for neighbours or for one step."""
    least = max(settings.k1 + 2, settings.num_ids * settings.num_images)
    if len(images) < least:
        raise AdaptError(
            f"found {len(images)} different images, too few to find clusters in: at least {least} are needed "
            "(adapt.k1 + 2 neighbours, and adapt.num_ids x adapt.num_images for a step). Hundreds of people are wanted"
        )


def adapt(
    start: Describer,
    images: Unlabelled,
    views: Views,
    context: Context,
    judge: Callable[[Describer, Clustering], Mapping[str, float]],
) -> Adapted:
    """Adapt a network, from the newest checkpoint or from the start.

    Args:
        start: on its device; it becomes the student.
        images: what it is adapted to.
        views: augmented batches of `images.crops`.
        context: of the run.
        judge: figures of an epoch's network and clusters, for the log alone.

    Raises:
        AdaptError: nothing can be learnt, since fewer than two clusters are found at the start.
        What `Session` and its `run` raise.
    """
    config, settings, world = context.config, context.config.adapt, context.world
    student = trainable(start)
    mean, kept = resting(student), resting(student)
    clusters = Clusters(images.camids, settings.epochs, width_of(student)).to(views.device)
    optimizer = nesterov(
        student, settings.backbone_lr, settings.head_lr, config.optim.momentum, config.optim.weight_decay
    )
    modules = {"student": student, "mean": mean, "kept": kept, "clusters": clusters}
    session = Session("adapt", settings.epochs * settings.steps, modules, {"adapt": optimizer}, context)
    log, began = JsonLines(context.log, PHASE, int(clusters.epoch), active=world.leads), time.monotonic()
    pair = Pair(student.train(), mean, config.alpha)

    for epoch in range(session.start // settings.steps, settings.epochs + 1):
        if int(clusters.epoch) < epoch:  # else a checkpoint from within the epoch was restored, with its clusters
            features = retrieval_features(mean, images, config.alpha, views.device)
            found = world.from_first(partial(find_clusters, features, settings))
            if epoch == 0:
                require_clusters(found, settings)
            better = clusters.take(epoch, features, found)
            world.broadcast([clusters])
            if better:
                kept.load_state_dict(mean.state_dict())
            if world.leads:
                figures = {**figures_of(found), **judge(mean, found), "seconds": time.monotonic() - began}
                log.write(epoch, figures)
                logger.info("%s", in_words(epoch, found))
            if reason := why_stop(epoch, found, clusters, settings):
                logger.info("%s", reason)
                break
        if epoch < settings.epochs:
            step = stepper(pair, optimizer, images, views, clusters, context)
            session.run(step, shown, until=(epoch + 1) * settings.steps)
    scores = tuple(float(one) for one in clusters.scores if torch.isfinite(one))
    return Adapted(kept, clusters.best_clustering, int(clusters.best), scores)


def find_clusters(features: Float32Array, settings: AdaptConfig) -> Clustering:
    """Clusters of the images with these features; eps as set, or chosen by their score. Raises AdaptError."""
    try:
        distances = jaccard_distances(features, k1=settings.k1, k2=settings.k2)
    except EvaluationError as error:
        raise AdaptError(
            f"no clusters can be found: {error}. Look at the images: are they of different people?"
        ) from error
    if settings.eps:
        return cluster(distances, settings.min_samples, settings.eps)
    return best_clustering(distances, settings.min_samples)


def stepper(
    pair: Pair, optimizer: Optimizer, images: Unlabelled, views: Views, clusters: Clusters, context: Context
) -> Callable[[int], NamedTerms]:
    """What one step of the present epoch does."""
    settings, world = context.config.adapt, context.world
    labels = clusters.labels.cpu().numpy()
    sizes = settings.num_ids, settings.num_images
    sampler = ClusterSampler(labels, images.camids, *sizes, context.config.seed, world.rank, world.size)

    def step(step: int) -> NamedTerms:
        chosen, everyone = sampler.batch(step), sampler.everyone(step)
        x, x_erased = views.views([images.places[chosen]], step)
        batch = AdaptBatch(x, x_erased, clusters.labels[chosen])
        memory = clusters.centres, clusters.cluster_of
        terms = adapt_step(pair, optimizer, batch, *memory, settings, context.autocast)
        clusters.move(world.gather(terms.feature), clusters.centre_of[everyone], settings.momentum)
        return [("cluster", terms.cluster), ("soft", terms.soft), ("accuracy", terms.accuracy)]

    return step


def require_clusters(found: Clustering, settings: AdaptConfig) -> None:
    """Raise AdaptError if the start finds fewer than two clusters: there is nobody to tell apart."""
    if found.num_clusters >= 2:
        return
    eps = f"eps {settings.eps:g} (adapt.eps)" if settings.eps else "every eps that was tried"
    what = "no clusters" if found.num_clusters == 0 else "one cluster alone"
    raise AdaptError(
        f"{what} with {eps}: the model finds no groups of images that look like one person each. People must come more "
        f"than once (adapt.min_samples is {settings.min_samples}), and a model that recognises some of them already "
        "is needed to start from"
    )


def why_stop(epoch: int, found: Clustering, clusters: Clusters, settings: AdaptConfig) -> str:
    """Why adaptation ends before its last epoch; empty where it goes on."""
    best = int(clusters.best)
    if found.num_clusters < 2:
        return f"epoch {epoch}: fewer than two clusters are left, so adaptation ends; epoch {best} is kept"
    if epoch - best >= settings.patience and epoch < settings.epochs:
        return f"the clusters' score has not risen for {epoch - best} epochs; adaptation ends, epoch {best} is kept"
    return ""


def figures_of(found: Clustering) -> dict[str, float]:
    """What the log says about an epoch's clusters."""
    outliers = int((found.labels == OUTLIER).sum())
    return {"clusters": found.num_clusters, "outliers": outliers, "eps": found.eps, "score": found.score}


def in_words(epoch: int, found: Clustering) -> str:
    """One line about an epoch's clusters."""
    return (
        f"epoch {epoch}: {found.num_clusters} clusters with {found.share:.0%} of the images, "
        f"eps {found.eps:g}, score {found.score:.3f}"
    )


def shown(means: Mapping[str, float]) -> dict[str, str]:
    """What the progress bar shows."""
    return {"cluster": f"{means['cluster']:.2f}", "accuracy": f"{means['accuracy']:.0%}"}


def trainable(network: Describer) -> Describer:
    """A copy that takes gradients, of a frozen Baseline too."""
    student = copy.deepcopy(network).requires_grad_(True)
    if isinstance(student, Teacher):
        student.frozen = False
    return student


def resting(network: Describer) -> Describer:
    """A copy in eval mode that takes no gradients."""
    return copy.deepcopy(network).requires_grad_(False).eval()


def width_of(network: Describer) -> int:
    """The length of the feature that `unit_feature` gives."""
    return network.head.embed.out_features if isinstance(network, Teacher) else 2 * network.prim.embed.out_features
