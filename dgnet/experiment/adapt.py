"""`dgnet adapt`: a model learns to recognise the people in images that nobody has labelled."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from dgnet.config import AdaptConfig, DataConfig, Precision, RunConfig
from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.adaptation.generator import make_generator, open_source, shown, with_source
from dgnet.experiment.adaptation.images import AdaptData, data_settings, open_images
from dgnet.experiment.adaptation.judge import judge, map_in_use
from dgnet.experiment.adaptation.page import adaptation_page
from dgnet.experiment.adaptation.whitened import whiten_by_clusters
from dgnet.experiment.evaluation.publish import Published
from dgnet.experiment.models.find import RUN, find_network
from dgnet.experiment.run_folder import ADAPT, RunFolder
from dgnet.files.outputs import check_outside
from dgnet.gallery.stores.server import without_password
from dgnet.models.appearance import Teacher
from dgnet.models.device import autocast_for, pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import LoadedModel, save_model, save_teacher, without_figures
from dgnet.report.parts.adaptation import InUse
from dgnet.retrieval.clustering.dbscan import require_sklearn
from dgnet.training.adaptation.adapt import Adapted, adapt, require_enough
from dgnet.training.adaptation.features import Describer
from dgnet.training.adaptation.finding import AdaptError
from dgnet.training.joining import joined
from dgnet.training.session import Context
from dgnet.training.views import Views

logger = logging.getLogger(__name__)
DRAWS_WORSE = (
    "E_a has changed and G has not, so swaps drawn with this model are worse than with the one it started from: use it "
    "to recognise people."
)
UNCHANGED = (
    "No epoch's clusters scored higher than those of the model that was given, so this is that model, unchanged. Look "
    "at the clusters: adaptation needs many people who come several times."
)


@dataclass(frozen=True)
class Request:
    """What `dgnet adapt` was asked for.

    Args:
        run: the model to start from, as `find` takes it.
        crops: a folder, a manifest, a gallery, or NAME=DIR.
        pattern: finds cameras in paths (`data.pattern`).
        settings: of adaptation.
        seed, device, precision, cache: as the settings of a run of these names.
        resume: continue the run in `out`, if there is one.
    """

    run: RUN
    crops: str
    pattern: str = ""
    settings: AdaptConfig = field(default_factory=AdaptConfig)
    seed: int = 0
    device: str = "auto"
    precision: Precision = "fp32"
    cache: str = ""
    resume: bool = False


def adapt_to_crops(request: Request, out: Path) -> Published | None:
    """Adapt a model to images without labels, and write the run's folder `out`: settings, log, model and page.

    Under torchrun all processes train together; only the first writes files, and the others get None.

    Raises:
        DgnetError: something is wrong. Whatever can be checked before the first step is checked before it.
    """
    keep_freed_memory()
    require_sklearn()
    folder = RunFolder(out)
    with joined() as world:
        device = world.own(pick_device(request.device))
        if world.leads:
            folder.check(request.resume or world.restarted)
        loaded = find_network(request.run)
        settings = data_settings(request.crops, request.pattern, loaded.config.data.size, request.cache)
        check_outside(out, "--out", settings.root, "CROPS")
        config = config_of(request, loaded, settings)
        with world.one_first():
            data = open_images(settings)
            source = open_source(request.run, config.adapt.source, config) if config.adapt.generate else None
        require_enough(data.images, config.adapt)
        people = with_source(data.people, source) if source else data.people
        begun = folder.config.exists()
        if world.leads:
            folder.prepare(config, people)
        world.wait()

        size = config.adapt.num_ids * config.adapt.num_images
        views = Views(data.images.crops, size, config.augment, config.seed, device, world.rank, world.size)
        autocast = autocast_for(device, config.precision)
        context = Context(config, people, folder.checkpoints, folder.log, autocast, world)
        model, generator, who = place(copy.deepcopy(loaded.model), device), None, None
        if config.adapt.generate and isinstance(model, DGNet):
            who = shown(data, source)
            generator = make_generator(model, request.run, source, who, config, folder, world)
        judging = partial(judge, data, alpha=config.alpha, device=device)
        try:
            adapted = adapt(describer_of(model), data.images, views, context, judging, generator)
        except AdaptError:  # refused before the first step
            if world.leads and not begun:
                folder.forget()
            raise
    if not world.leads:
        return None
    given = map_in_use(loaded.model, data, config.alpha, device)
    model, card, notes = kept_model(loaded, adapted, config, data, device)
    written = map_in_use(model, data, config.alpha, device)
    write(folder, model, config, card)
    in_use = None if given is None or written is None else InUse(given, written)
    return adaptation_page(config, data, adapted, in_use, folder, notes, who)


def config_of(request: Request, loaded: LoadedModel[DGNet] | LoadedModel[Teacher], settings: DataConfig) -> RunConfig:
    """The settings of the run: the start's own networks and augmentation, and what was asked for, without passwords."""
    start, adapt = loaded.config, request.settings
    can_draw = isinstance(loaded.model, DGNet)
    if adapt.generate and not can_draw:
        logger.info("%s is a Baseline, which cannot draw, so it is adapted without a generator", request.run)
        adapt = replace(adapt, generate=False, source="")
    return replace(
        start,
        preset=ADAPT,
        start=str(request.run),
        seed=request.seed,
        device=request.device,
        precision=request.precision,
        execution="plain",
        joint=can_draw,
        data=replace(settings, root=without_password(settings.root)),
        adapt=adapt,
    )


def describer_of(model: DGNet | Teacher) -> Describer:
    """What of a model is adapted."""
    return model if isinstance(model, Teacher) else model.appearance_encoder


def kept_model(
    loaded: LoadedModel[DGNet] | LoadedModel[Teacher],
    adapted: Adapted,
    config: RunConfig,
    data: AdaptData,
    device: torch.device,
) -> tuple[DGNet | Teacher, dict[str, str], list[str]]:
    """The model, or the Baseline, with the adapted network, whitened; its card, and notes about it for the page.

    It is made of `loaded`, whose own E_a is gone then.
    """
    network = adapted.network
    trained_on = f"{loaded.card.get('trained on', 'unknown')}; adapted to {data.dataset.name} without its labels"
    card = {
        **without_figures(loaded.card, "swap error", "made by"),
        "trained on": trained_on,
        "preset": config.preset,
    }
    model: DGNet | Teacher
    if isinstance(network, Teacher):
        model = network
    else:
        assert isinstance(loaded.model, DGNet)
        model = adapted.model or loaded.model
        model.appearance_encoder = network
    notes = [] if isinstance(model, Teacher) or adapted.model else [DRAWS_WORSE]
    if adapted.best == 0:
        notes = [UNCHANGED]
    else:
        card["whitened by"], said = whiten_by_clusters(model, data, adapted.clusters, config, device)
        notes = [said, *notes]
    return model, card, notes


def write(folder: RunFolder, model: DGNet | Teacher, config: RunConfig, card: dict[str, str]) -> None:
    """Write the model, or the Baseline, into the run's folder."""
    model.cpu()
    if isinstance(model, Teacher):
        save_teacher(folder.teacher, model, config, card)
    else:
        save_model(folder.model, model, config, card)
