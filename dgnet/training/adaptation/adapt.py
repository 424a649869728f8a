"""Adaptation: cluster the images, learn the clusters as identities, and again; the best epoch's network is kept."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from dgnet.config import AdaptConfig
from dgnet.data.batches.clusters import ClusterSampler
from dgnet.data.batches.pairs import Indices
from dgnet.data.store.packed import CropStore
from dgnet.files.images import ImagesU8
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.clustering.dbscan import Clustering
from dgnet.training.adaptation.clusters import Clusters
from dgnet.training.adaptation.drawing import Drawing, Generator
from dgnet.training.adaptation.features import Describer, likeness_of_copies, retrieval_features
from dgnet.training.adaptation.finding import AdaptError, figures_of, find_clusters, in_words, why_stop
from dgnet.training.adaptation.memory import Memory
from dgnet.training.adaptation.step import AdaptBatch, Pair, adapt_step
from dgnet.training.log import JsonLines
from dgnet.training.optim.optimizers import nesterov
from dgnet.training.session import Context, NamedTerms, Regular, Session
from dgnet.training.views import Views

logger = logging.getLogger(__name__)
PHASE = "clusters"  # of the log's lines about the clusters of each epoch; their `step` is the epoch


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
    """The network of the best epoch, in eval mode, and the clusters that it made; `scores` are those of all epochs.

    `model` is the whole model of that epoch, where E_s and G were trained too.
    """

    network: Describer
    model: DGNet | None
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
    generator: Generator | None = None,
) -> Adapted:
    """Adapt a network, from the newest checkpoint or from the start.

    Args:
        start: on its device; it becomes the student.
        images: what it is adapted to.
        views: augmented batches of `images.crops`.
        context: of the run.
        judge: figures of an epoch's network and clusters, for the log alone.
        generator: E_s, G and D, which are then trained too; `start` is the E_a of its model.

    Raises:
        AdaptError: nothing can be learnt, since fewer than two clusters are found at the start.
        What `Session` and its `run` raise.
    """
    config, settings, world = context.config, context.config.adapt, context.world
    student = trainable(start)
    mean, kept = resting(student), resting(student)
    clusters = Clusters(images.camids, settings.epochs, width_of(student)).to(views.device)
    modules: dict[str, nn.Module] = {"student": student, "mean": mean, "kept": kept, "clusters": clusters}
    drawing: Drawing | None = None
    if generator:
        assert isinstance(student, AppearanceEncoder)
        assert isinstance(mean, AppearanceEncoder)
        assert isinstance(kept, AppearanceEncoder)
        drawing = Drawing(generator, student, mean, kept, context)
        modules |= drawing.modules()
        optimizers = drawing.optimizers.named()
    else:
        rates = settings.backbone_lr, settings.head_lr, config.optim.momentum, config.optim.weight_decay
        optimizers = {"appearance": nesterov(student, *rates)}
    session = Session("adapt", settings.epochs * settings.steps, modules, optimizers, context)
    log, began = JsonLines(context.log, PHASE, int(clusters.epoch), active=world.leads), time.monotonic()
    pair, optimizer = Pair(student.train(), mean, config.alpha), optimizers["appearance"]
    regulars = [Regular(config.sample_every, drawing.show)] if drawing else []

    for epoch in range(session.start // settings.steps, settings.epochs + 1):
        if int(clusters.epoch) < epoch:  # else a checkpoint from within the epoch was restored, with its clusters
            features = retrieval_features(mean, images, config.alpha, views.device)
            alike = likeness_of_copies(mean, images, config.augment.pad, config.alpha, views.device)
            find = partial(find_clusters, features, images.camids, alike, settings, first=epoch == 0)
            found = world.from_first(find)
            better = clusters.take(epoch, features, found)
            world.broadcast([clusters])
            if better:
                kept.load_state_dict(mean.state_dict())
                if drawing:
                    drawing.keep()
            if world.leads:
                figures = {**figures_of(found), **judge(mean, found), "seconds": time.monotonic() - began}
                log.write(epoch, figures)
                logger.info("%s", in_words(epoch, found))
            if reason := why_stop(epoch, found, clusters, settings):
                logger.info("%s", reason)
                break
        if epoch < settings.epochs:
            step = stepper(pair, optimizer, images, views, clusters, context, drawing)
            session.run(step, shown, regulars, until=(epoch + 1) * settings.steps)
    scores = tuple(float(one) for one in clusters.scores if torch.isfinite(one))
    model = drawing.kept if drawing else None
    return Adapted(kept, model, clusters.best_clustering, int(clusters.best), scores)


def stepper(
    pair: Pair,
    optimizer: Optimizer,
    images: Unlabelled,
    views: Views,
    clusters: Clusters,
    context: Context,
    drawing: Drawing | None,
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
        memory = Memory(clusters.centres, clusters.cluster_of, settings.temperature)
        drawn: list[tuple[str, Tensor]] = []
        fed = 0.0
        if drawing:
            drawn, x_drawn = drawing.take(step, x, batch.cluster, memory)
            batch, fed = replace(batch, x_drawn=x_drawn), settings.drawing.at(step, settings.steps).fed
        terms = adapt_step(pair, optimizer, batch, memory, settings, fed, context.autocast)
        clusters.move(world.gather(terms.feature), clusters.centre_of[everyone], settings.momentum)
        own = [("cluster", terms.cluster), ("soft", terms.soft), ("accuracy", terms.accuracy)]
        return [*own, *([] if terms.fed is None else [("fed", terms.fed)]), *drawn]

    return step


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
