"""What adaptation with the generator needs: labelled people of another domain, D, and sample sheets of swaps."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
import torch

from dgnet.config import DataConfig, RunConfig
from dgnet.config.data import name_and_root
from dgnet.data.batches.pairs import Indices
from dgnet.data.people import People, people_of
from dgnet.data.records import DataError, ReidDataset
from dgnet.data.store.packed import CropStore
from dgnet.experiment.adaptation.images import AdaptData
from dgnet.experiment.data import as_one, read_one
from dgnet.experiment.models.find import RUN, find, find_network
from dgnet.experiment.run_folder import RunFolder
from dgnet.experiment.stores import open_store
from dgnet.files.images import ImagesU8
from dgnet.files.pictures import save_picture
from dgnet.files.tensors import read_tensors
from dgnet.generation.grid import swap_sheet
from dgnet.generation.swap import swap_matrix
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.units import place
from dgnet.training.adaptation.drawing import Generator, num_drawn
from dgnet.training.checkpoint import latest_checkpoint
from dgnet.training.distributed import World
from dgnet.training.feed import Feed

logger = logging.getLogger(__name__)
NO_SOURCE = "none"
NUM_SHOWN = 3  # people of each domain on a sheet, as givers of appearance and as givers of structure
PREFIX = "discriminator."


@dataclass(frozen=True)
class Source:
    """Labelled people who exchange clothes with those of the target: crops, their labels and cameras, in one order."""

    dataset: ReidDataset
    crops: CropStore
    labels: list[int]
    camids: list[int]
    people: People


def open_source(run: RUN, asked: str, config: RunConfig) -> Source | None:
    """The labelled people; None where there are none, which is said.

    Args:
        run: the start.
        asked: NAME=DIR or DIR, or `none`; empty: what the start was trained on, if its folder says where that is, or
            if it is the bundled people.
        config: of the run, for the size of images and the place of their store.

    Raises:
        DataError, ConfigError: what was asked for cannot be read.
    """
    settings = _source_settings(run, asked, config)
    if settings is None:
        return None
    try:
        datasets = [read_one(one) for one in settings.each()]
        dataset = as_one(datasets)
        if not dataset.train:
            raise DataError(f"{dataset.root}: no train images to draw from")
        crops = open_store(dataset.train, settings)
    except DataError as error:
        if asked:
            raise
        logger.warning("source: %s. The generator learns from the target alone; --source DIR names other people", error)
        return None
    label_of = dataset.labels()
    logger.info("source: %d images of %d people of %s", len(crops), len(label_of), dataset.trained_on)
    return Source(
        dataset,
        crops,
        [label_of[record.pid] for record in dataset.train],
        [record.camid for record in dataset.train],
        people_of(datasets, dataset, [digest.tobytes() for digest in crops.digests]),
    )


def _source_settings(run: RUN, asked: str, config: RunConfig) -> DataConfig | None:
    if asked == NO_SOURCE:
        return None
    local = {"size": config.data.size, "cache": config.data.cache}
    if asked:
        name, root = name_and_root("--source", asked)
        return DataConfig(name=name, root=root, **local)  # type: ignore[arg-type]
    folder = find(run).folder  # a model file does not say where its people lie; the folder of its run does
    in_folder = folder is not None and RunFolder(folder).config.is_file()
    start = RunFolder(folder).load_config() if folder and in_folder else find_network(run).config
    known = start.data.root or start.data.name == "mannequin"
    if not known or start.data.name in ("crops", "gallery"):
        why = "was adapted to images without labels" if known else "does not say where those lie that it was trained on"
        logger.info("source: none, since %s %s. --source DIR names people who exchange clothes with these", run, why)
        return None
    return replace(start.data, **local)  # type: ignore[arg-type]


def with_source(people: People, source: Source) -> People:
    """Everyone that a run learns from: the nameless crowd of the target, and the people of the source."""
    return People((*people.groups, *source.people.groups), f"{people.order} {source.people.order}")


def find_discriminator(run: RUN, config: RunConfig) -> Discriminator:
    """D as the start's newest checkpoint has it; a new one where there is none, or where it has another size."""
    torch.manual_seed(config.seed)
    discriminator = Discriminator(config.network)
    folder = find(run).folder
    checkpoint = latest_checkpoint(RunFolder(folder).checkpoints) if folder else None
    if checkpoint:
        tensors, _ = read_tensors(checkpoint)
        state = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
        own = discriminator.state_dict()
        if {name: tensor.shape for name, tensor in state.items()} == {name: one.shape for name, one in own.items()}:
            discriminator.load_state_dict(state)
            logger.info("D is that of %s", checkpoint)
            return discriminator
    logger.info("D is new, since only checkpoints hold one, and %s has none", run)
    return discriminator


@dataclass(frozen=True)
class Shown:
    """Who is on sample sheets: people who give appearance, and others who give structure, of both domains in turn."""

    givers: ImagesU8
    wearers: ImagesU8


def shown(data: AdaptData, source: Source | None) -> Shown:
    """Images evenly picked from each domain."""
    stores = [_picked(data.images.crops, data.images.places)]
    if source:
        stores.append(_picked(source.crops, np.arange(len(source.crops))))
    return Shown(np.concatenate([one[::2] for one in stores]), np.concatenate([one[1::2] for one in stores]))


def _picked(crops: CropStore, places: Indices) -> ImagesU8:
    return crops[places[np.linspace(0, len(places) - 1, 2 * NUM_SHOWN).round().astype(np.int64)]]


def make_generator(
    model: DGNet, run: RUN, source: Source | None, who: Shown, config: RunConfig, folder: RunFolder, world: World
) -> Generator:
    """What `adapt` needs to train the generator too; `model` is the start, on its device."""
    device = next(model.parameters()).device
    feed = None
    if source:
        # Relit with the target's images. Another seed, so that no image of the source is moved as one of the target.
        augment, seed = replace(config.augment, relight=0.0), (config.seed + 2**62) % 2**63
        size = num_drawn(config, alone=False)
        given = source.crops, source.labels, source.camids, size, augment, seed, device
        feed = Feed(*given, world.rank, world.size)

    def show(current: DGNet, step: int) -> None:
        sheet = swap_sheet(who.givers, who.wearers, swap_matrix(current, who.givers, who.wearers))
        save_picture(folder.sample(step), sheet, zoom=max(1, 128 // config.data.size[0]))

    return Generator(model, place(find_discriminator(run, config), device), feed, show)
