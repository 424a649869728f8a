"""The data of a run: records and crops of its data set, or of several data sets that it is trained on together."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dgnet.config import ConfigError, DataConfig, RunConfig
from dgnet.config.data import SYNTHETIC
from dgnet.data.first_queries import first_as_queries
from dgnet.data.people import People, people_of
from dgnet.data.readers import synthetic
from dgnet.data.readers.combine import train_also_on
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError, ReidDataset
from dgnet.data.store.packed import CropStore
from dgnet.data.testable import require_testable
from dgnet.experiment.galleries.crops import read_gallery
from dgnet.experiment.stores import open_store
from dgnet.experiment.true_swaps import open_true_swaps
from dgnet.files.cache import cache_root
from dgnet.mannequin.bundled import bundled_root
from dgnet.retrieval.protocol import Queries
from dgnet.training.true_swap_feed import TrueSwapCrops

logger = logging.getLogger(__name__)
TOO = "trained on synthetic images of the same people too, with soft labels"


@dataclass(frozen=True)
class HeldOut:
    """What a model is tested on: a data set, and the crops of its queries and gallery."""

    dataset: ReidDataset
    query: CropStore
    gallery: CropStore


@dataclass(frozen=True)
class Synthetic:
    """Synthetic images of the people trained on, their soft labels, and what a run says of them."""

    crops: CropStore
    soft: synthetic.SoftLabels
    about: str


@dataclass(frozen=True)
class ExperimentData(HeldOut):
    """The test data, and the training crops with their `labels` and `camids`, in the same order as `train`.

    `people` says whom the labels stand for. `synthetic` images and what `true_swaps` show are no part of `train`.
    """

    train: CropStore
    labels: list[int]
    camids: list[int]
    people: People
    synthetic: Synthetic | None = None
    true_swaps: TrueSwapCrops | None = None

    @property
    def num_classes(self) -> int:
        """The number of training identities."""
        return len(set(self.labels))


def open_data(config: RunConfig) -> ExperimentData:
    """The records and crops of train, query and gallery; missing crop stores are built.

    Raises:
        ConfigError: no folder was given for a data set that is not bundled, or true swaps are to be learnt from and no
            data set lists any.
        DataError: a folder does not hold what it should, or no query has a true match in the gallery.
    """
    datasets = [read_one(settings) for settings in config.data.each()]
    dataset = as_one(datasets)
    if not dataset.train:
        raise DataError(f"{dataset.root}: no train images; training needs a train split")
    require_testable(dataset)
    label_of = dataset.labels()
    labels = [label_of[record.pid] for record in dataset.train]
    label_of_path = dict(zip((record.path for record in dataset.train), labels, strict=True))
    made = _open_synthetic(config.data, datasets, label_of_path) if config.data.synthetic else None
    if made:
        dataset = _with_synthetic(dataset, made.about)
        logger.info("%s: %s", dataset.name, made.about)
    train = open_store(dataset.train, config.data)
    learns_swaps = config.joint and config.loss.true_swap > 0
    true_swaps = open_true_swaps(config.data, datasets, dataset.train) if learns_swaps else None
    return ExperimentData(
        dataset=dataset,
        train=train,
        query=open_store(dataset.query, config.data),
        gallery=open_store(dataset.gallery, config.data),
        labels=labels,
        camids=[record.camid for record in dataset.train],
        people=people_of(
            datasets, dataset, [digest.tobytes() for digest in train.digests], _contents(made, true_swaps)
        ),
        synthetic=made,
        true_swaps=true_swaps,
    )


def _open_synthetic(
    settings: DataConfig, datasets: Sequence[ReidDataset], label_of_path: Mapping[str, int]
) -> Synthetic:
    """The images of all synthetic data sets. Raises DataError where their people are not those trained on."""
    sets = [synthetic.read(Path(root).expanduser()) for root in settings.synthetic]
    softs = [synthetic.label_softly(made, datasets, label_of_path) for made in sets]
    said = (f"{len(made.records)} of {made.root} ({soft.summary()})" for made, soft in zip(sets, softs, strict=True))
    about = f"{TOO}: {'; '.join(said)}"
    records = tuple(record for made in sets for record in made.records)
    return Synthetic(open_store(records, settings), synthetic.joined(softs), about)


def _with_synthetic(dataset: ReidDataset, about: str) -> ReidDataset:
    """The data set, saying that synthetic images are trained on too."""
    return replace(dataset, notes=(*dataset.notes, about), also=(*dataset.also, SYNTHETIC))


def _contents(made: Synthetic | None, true_swaps: TrueSwapCrops | None) -> bytes:
    """What is trained on beside `train`, as bytes, to tell it from other such images."""
    content = b""
    if made:
        content += made.crops.digests.tobytes() + made.soft.labels.tobytes() + made.soft.weights.tobytes()
    if true_swaps:
        content += true_swaps.truth.digests.tobytes()
        content += true_swaps.appearance.tobytes() + true_swaps.structure.tobytes()
    return content


def open_held_out(
    config: RunConfig,
    *,
    trained_on: Collection[str] = (),
    same_camera: bool = False,
    queries: Queries = "own",
) -> HeldOut:
    """The records and crops of the queries and the gallery only. Raises as `open_data` does.

    `trained_on`: as of `read_one`, for the first data set, which is tested on.
    `same_camera`: true matches by the query's own camera will be kept, so a data set of one camera is accepted too.
    `queries`: the data set's `own`, or everyone's `first` images (`dgnet.retrieval.protocol`).
    """
    tested, *others = config.data.each()
    datasets = [read_one(tested, trained_on), *map(read_one, others)]
    dataset = as_one([first_as_queries(datasets[0])] if queries == "first" else datasets)
    require_testable(dataset, same_camera=same_camera)
    if config.data.synthetic:
        dataset = _with_synthetic(dataset, f"{TOO}: {', '.join(config.data.synthetic)}")
    return HeldOut(dataset, open_store(dataset.query, config.data), open_store(dataset.gallery, config.data))


def read_one(settings: DataConfig, trained_on: Collection[str] = ()) -> ReidDataset:
    """The records of the data set in `settings.root`; without a root, of the bundled mannequin edition.

    `trained_on`: the names of people whom a model was trained on, so that they are not held out as a test.

    Raises as `open_data` does, and what `read_gallery` raises.
    """
    if not settings.root:
        if settings.name not in ("mannequin", "auto"):
            raise ConfigError(
                f"data.root: empty, but {settings.name} is not bundled; give its folder (--data.root DIR)"
            )
        return read_dataset("mannequin", bundled_root(cache_root(settings.cache)))
    if settings.name == "gallery":
        return read_gallery(settings.root)
    root = Path(settings.root).expanduser()
    pattern, num_test_ids = settings.pattern or None, settings.num_test_ids
    return read_dataset(settings.name, root, pattern=pattern, num_test_ids=num_test_ids, trained_on=trained_on)


def tell_notes(dataset: ReidDataset) -> None:
    """Log the notes on a data set; those that report what was probably not meant as warnings."""
    for note in dataset.notes:
        logger.log(logging.WARNING if note in dataset.warnings else logging.INFO, "%s: %s", dataset.name, note)


def as_one(datasets: Sequence[ReidDataset]) -> ReidDataset:
    """The first data set, with the training images of the others added to its own. Its notes are logged."""
    first, *others = datasets
    dataset = train_also_on(first, others) if others else first
    for note in dataset.notes:
        logger.info("%s: %s", dataset.name, note)
    return dataset
