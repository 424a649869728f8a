"""The images that a model is adapted to, and, where CROPS is a data set with labels, what judges the result."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dgnet.config import ConfigError, DataConfig
from dgnet.config.data import name_and_root
from dgnet.data.batches.pairs import Indices
from dgnet.data.people import People, people_of
from dgnet.data.readers.crops import UNLABELLED
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset
from dgnet.data.testable import why_untestable
from dgnet.experiment.data import HeldOut, read_one, tell_notes
from dgnet.experiment.stores import open_readable, open_store
from dgnet.gallery.stores.choice import is_file_address
from dgnet.training.adaptation.adapt import Unlabelled

logger = logging.getLogger(__name__)
MANIFESTS = (".csv", ".parquet")


@dataclass(frozen=True)
class AdaptData:
    """What a model is adapted to and judged by.

    Args:
        dataset: as it was read, with its labels.
        images: its training images, each content once.
        people: the same images as one nameless crowd: a run that is resumed must find the same.
        truth: the pid of each of `images`; None where there are no labels. For judging alone.
        held_out: test images; None where there are none. For judging alone.
    """

    dataset: ReidDataset
    images: Unlabelled
    people: People
    truth: Indices | None
    held_out: HeldOut | None


def data_settings(crops: str, pattern: str, size: tuple[int, int], cache: str) -> DataConfig:
    """CROPS as settings: NAME=DIR is a data set; else a gallery, or a manifest, or a folder of unlabelled images."""
    if not crops:
        raise ConfigError("CROPS: found an empty name, must be a folder, a manifest, a gallery or NAME=DIR")
    name, root = name_and_root("CROPS", crops)
    if name == "auto":
        path = Path(root).expanduser()
        table = path.suffix.lower() in MANIFESTS
        name = "crops"
        if is_file_address(root) and not path.exists():
            raise ConfigError(f"CROPS: found {crops!r}, no such file or folder")
        if path.is_file() or not is_file_address(root):
            name = "manifest" if table else "gallery"
    return DataConfig(name=name, root=root, size=size, pattern=pattern, cache=cache)


def open_images(settings: DataConfig) -> AdaptData:
    """Read and store the images. Unreadable ones are left out, and those with the same content are taken once.

    Raises:
        DataError: there are no training images, or something cannot be read.
    """
    dataset = read_one(settings)
    if not dataset.train:
        raise DataError(f"{settings.root}: no train images; a model is adapted to the train split")
    tell_notes(dataset)
    train, crops = open_readable(dataset.train, settings)
    dataset = replace(dataset, train=train)
    _, first = np.unique(crops.digests, axis=0, return_index=True)
    places = np.sort(first).astype(np.int64)
    if len(places) < len(crops):
        logger.warning("%d of %d images are copies of others, and left out", len(crops) - len(places), len(crops))
    camids = np.array([dataset.train[place].camid for place in places], dtype=np.int64)
    pids = np.array([dataset.train[place].pid for place in places], dtype=np.int64)
    tell_cameras(camids)
    held_out = None
    if why_untestable(dataset) is None:
        held_out = HeldOut(dataset, open_store(dataset.query, settings), open_store(dataset.gallery, settings))
    crowd = replace(dataset, train=tuple(Record(r.path, UNLABELLED, r.camid) for r in dataset.train), names={})
    return AdaptData(
        dataset=dataset,
        images=Unlabelled(crops, places, np.zeros_like(camids) if UNKNOWN_CAMERA in camids else camids),
        people=people_of([crowd], crowd, [digest.tobytes() for digest in crops.digests]),
        truth=pids if len(np.unique(pids)) > 1 else None,
        held_out=held_out,
    )


def tell_cameras(camids: Indices) -> None:
    """Warn where nothing can be learnt across cameras, and say what the cameras are used for where they are known."""
    number = len(np.unique(camids))
    if UNKNOWN_CAMERA in camids:
        logger.warning(
            "cameras are unknown, so each cluster has one centre. With a --pattern that finds them in the paths, "
            "adaptation also pulls a person's images by different cameras together"
        )
    elif number == 1:
        logger.warning(
            "all images are by one camera: people are told apart better within it, but nothing is learnt about how "
            "they look in another"
        )
    else:
        logger.info("%d cameras: each cluster has a centre for each camera that saw it", number)
