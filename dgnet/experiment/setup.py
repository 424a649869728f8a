"""What a run starts from: its data, its device and its folder."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from dgnet.config import ConfigError, DataConfig, RunConfig, from_saved, to_dict
from dgnet.data.readers.combine import train_also_on
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError, Record, ReidDataset
from dgnet.data.store.crops import open_crops
from dgnet.data.store.packed import CropStore, open_packed
from dgnet.files.cache import cache_root
from dgnet.files.whole_file import remove_leftovers, written_whole
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.appearance import NUM_STRIPES
from dgnet.models.backbones.choice import check_start, map_size

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeldOut:
    """What a model is measured on: a data set, and the crops of its queries and gallery."""

    dataset: ReidDataset
    query: CropStore
    gallery: CropStore


@dataclass(frozen=True)
class ExperimentData(HeldOut):
    """With the training crops; `labels` and `camids` are the training images', in their crops' order."""

    train: CropStore
    labels: list[int]
    camids: list[int]

    @property
    def num_classes(self) -> int:
        """Training identities."""
        return len(set(self.labels))


def open_dataset(config: RunConfig) -> ReidDataset:
    """The records that `config.data` names, trained on together where they are several, tested on the first alone.

    Raises:
        ConfigError: a data set that is not bundled has no root.
        DataError: the folder does not hold what it should.
    """
    first, *others = (read_one(settings) for settings in config.data.each())
    return train_also_on(first, others) if others else first


def read_one(settings: DataConfig) -> ReidDataset:
    """The records in `settings.root`; without a root, the bundled mannequin edition. Raises as `open_dataset` does."""
    if not settings.root:
        if settings.name not in ("mannequin", "auto"):
            raise ConfigError(
                f"data.root: empty, but {settings.name} is not bundled; give its folder (--data.root DIR)"
            )
        return read_dataset("mannequin", bundled_root(cache_root(settings.cache)))
    root = Path(settings.root).expanduser()
    return read_dataset(settings.name, root, pattern=settings.pattern or None, num_test_ids=settings.num_test_ids)


def open_data(config: RunConfig) -> ExperimentData:
    """Records and crops of all three splits, the crop stores built where they are missing."""
    dataset = open_dataset(config)
    for note in dataset.notes:
        logger.info("%s: %s", dataset.name, note)
    for split in ("train", "query", "gallery"):
        if not getattr(dataset, split):
            raise DataError(f"{dataset.root}: no {split} images; training and evaluation need all three splits")
    label_of = dataset.labels()

    return ExperimentData(
        dataset=dataset,
        train=open_store(dataset.train, config.data),
        query=open_store(dataset.query, config.data),
        gallery=open_store(dataset.gallery, config.data),
        labels=[label_of[record.pid] for record in dataset.train],
        camids=[record.camid for record in dataset.train],
    )


def open_held_out(config: RunConfig) -> HeldOut:
    """Records and crops of the queries and the gallery alone."""
    dataset = open_dataset(config)
    for note in dataset.notes:
        logger.info("%s: %s", dataset.name, note)
    for split in ("query", "gallery"):
        if not getattr(dataset, split):
            raise DataError(f"{dataset.root}: no {split} images; evaluation needs queries and a gallery")
    return HeldOut(dataset, open_store(dataset.query, config.data), open_store(dataset.gallery, config.data))


def open_store(records: tuple[Record, ...], settings: DataConfig) -> CropStore:
    """The crops of some records, in the kind of store that the settings name, built where it is missing."""
    opener = open_packed if settings.store == "packed" else open_crops
    return opener(records, settings.size, cache_root(settings.cache))


def check_backbones(config: RunConfig) -> None:
    """Try the backbones that will be trained, so that one that cannot work is known before the teacher's hours.

    Raises:
        ConfigError: one cannot be made, or gives no feature map of such images.
    """
    if not config.teacher.weights:
        map_size(config.teacher.backbone, config.data.size)
        if config.joint:
            check_start(config.network.backbone, config.teacher.backbone)
    if config.joint:
        height, _ = map_size(config.network.backbone, config.data.size)
        if height < NUM_STRIPES:
            logger.warning(
                "network.backbone: its map of a %d x %d image has %d rows, fewer than the %d stripes of the appearance "
                "code, so some stripes say the same; larger images (data.size) or last_stride 1 give more rows",
                *(*config.data.size, height, NUM_STRIPES),
            )


def pick_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one.

    Raises:
        ConfigError: CUDA was asked for and is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"device: found {name!r}, but torch sees no CUDA device here; use --device cpu")
    return torch.device(name)


def prepare_folder(out: Path, config: RunConfig, resume: bool) -> None:
    """Make the run's folder and write `config.yaml`; what a killed run left half written goes.

    Raises:
        ConfigError: a run lies there already and `resume` was not asked for.
    """
    saved = out / "config.yaml"
    if saved.exists() and not resume:
        raise ConfigError(f"{out}: a run lies here already; continue it with --resume, or choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    if not saved.exists():
        with written_whole(saved) as partial:
            partial.write_text(yaml.safe_dump(to_dict(config), sort_keys=False), encoding="utf-8")


def load_config(run: Path) -> RunConfig:
    """The configuration a run was saved with.

    Raises:
        ConfigError: the folder holds no run, or the file no configuration.
    """
    path = run / "config.yaml"
    if not path.is_file():
        raise ConfigError(f"{run}: no config.yaml here; give the folder of a run that `dgnet train` made")
    try:
        return from_saved(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: not a configuration: {error}") from error


def write_json(path: Path, values: object) -> None:
    """Write JSON, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
