"""Reading what `dgnet generate dataset` drew, to train on: images with soft labels over the people of their sources."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgnet.data.disk.listing import is_file
from dgnet.data.disk.table import read_table
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, name_some
from dgnet.files.download import sha256_of

MANIFEST, RECIPE = "manifest.parquet", "synthesis.json"  # files of every synthetic data set
SIDES = ("appearance", "structure")
COLUMNS = ("path", "pid", "camid", "soft_label", *(f"{side}{of}" for side in SIDES for of in ("", "_pid", "_sha256")))
NUM_COMPARED = 100  # sources whose content is compared; two editions of mannequin have the same names and pids


@dataclass(frozen=True)
class Source:
    """An image that others were drawn from: its path below its data set's folder, its pid there and its SHA-256."""

    path: str
    pid: int
    sha256: str


@dataclass(frozen=True)
class SyntheticImages:
    """A synthetic data set: its records, and the soft label of each: pids of the sources' data set with weights."""

    root: Path
    records: tuple[Record, ...]
    soft_labels: tuple[Mapping[int, float], ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class SoftLabels:
    """Distributions over training labels, at most K labels each: `labels` int64 N x K, `weights` float32 N x K.

    Each row of `weights` adds up to 1; where an image has fewer labels, the others weigh 0.
    """

    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def summary(self) -> str:
        """Of how many people, and how many images stand for more than one."""
        shared = int((self.weights > 0).sum(axis=1).__gt__(1).sum())
        people = len(np.unique(self.labels[self.weights > 0]))
        return f"{people} people, {shared} images shared by several" if shared else f"{people} people"


def joined(softs: Sequence[SoftLabels]) -> SoftLabels:
    """The soft labels of one set after another."""
    most = max(soft.labels.shape[1] for soft in softs)
    columns = (
        [np.pad(one, ((0, 0), (0, most - one.shape[1]))) for one in ones]
        for ones in ((soft.labels for soft in softs), (soft.weights for soft in softs))
    )
    return SoftLabels(*(np.concatenate(column) for column in columns))


def read(root: Path) -> SyntheticImages:
    """Read the folder that `dgnet generate dataset` made. Raises DataError where it is none, or is one of tars."""
    path = root / MANIFEST
    if not is_file(path):
        raise DataError(f"{root}: no {MANIFEST} here; synthetic=DIR takes a folder that `dgnet generate dataset` made")
    columns, rows = read_table(path, (), COLUMNS)
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; it is not the manifest of `dgnet generate dataset`")
    records, soft_labels, sources = [], [], dict[str, Source]()
    for where, row in rows:
        below = str(row["path"])
        if ".tar/" in below:
            raise DataError(f"{root}: its images lie in tars, which training does not read; make it without --format")
        camid = UNKNOWN_CAMERA if row["camid"] is None else _whole(where, row, "camid")
        records.append(Record(os.path.join(root, below), _whole(where, row, "pid"), camid))
        soft_labels.append(_soft_label(where, row["soft_label"]))
        for side in SIDES:
            source = Source(str(row[side]), _whole(where, row, f"{side}_pid"), str(row[f"{side}_sha256"]))
            if sources.setdefault(source.path, source) != source:
                raise DataError(f"{where}: {side} {source.path} has another pid or SHA-256 than in a row before")
    if len(records) < 2:
        raise DataError(f"{path}: found {len(records)} images; training takes two at least")
    return SyntheticImages(root, tuple(records), tuple(soft_labels), tuple(sources.values()))


def label_softly(made: SyntheticImages, datasets: Sequence[ReidDataset], label_of: Mapping[str, int]) -> SoftLabels:
    """The soft labels over the training labels of the data set that `made` was drawn from.

    Args:
        datasets: those that are trained on.
        label_of: path of each of their training images -> its training label.

    Raises:
        DataError: `made` was drawn from none of them, from images that are not trained on, or from other files.
    """
    reasons = [_difference(made, dataset) for dataset in datasets]
    if None not in reasons:
        raise DataError(
            f"synthetic={made.root}: {reasons[0]}. Its soft labels name people by the pids of the training images that "
            "it was drawn from, so train on those images, with the people held out who were then"
        )
    records = datasets[reasons.index(None)].train
    label_of_pid = {record.pid: label_of[record.path] for record in records}
    unknown = sorted({pid for label in made.soft_labels for pid in label} - label_of_pid.keys())
    if unknown:
        raise DataError(f"synthetic={made.root}: soft labels name pids that are not trained on: {name_some(unknown)}")
    most = max(len(label) for label in made.soft_labels)
    labels, weights = np.zeros((len(made.records), most), np.int64), np.zeros((len(made.records), most), np.float32)
    for place, label in enumerate(made.soft_labels):
        labels[place, : len(label)] = [label_of_pid[pid] for pid in label]
        weights[place, : len(label)] = [*label.values()]
    return SoftLabels(labels, weights)


def _difference(made: SyntheticImages, dataset: ReidDataset) -> str | None:
    """How the sources differ from the training images of a data set; None where they are among them."""
    record_of = {Path(os.path.relpath(record.path, dataset.root)).as_posix(): record for record in dataset.train}
    called = f"the training images of {dataset.name} ({dataset.root})"
    strange = sorted(source.path for source in made.sources if source.path not in record_of)
    if strange:
        return f"it was drawn from {name_some(strange)}, not among {called}"
    for source in made.sources:
        if record_of[source.path].pid != source.pid:
            return f"{source.path} has pid {source.pid} there, and {record_of[source.path].pid} among {called}"
    compared = np.linspace(0, len(made.sources) - 1, min(len(made.sources), NUM_COMPARED)).astype(int).tolist()
    for source in (made.sources[place] for place in compared):
        if sha256_of(Path(record_of[source.path].path)) != source.sha256:
            return f"it was drawn from another {source.path} than the one among {called}"
    return None


def _soft_label(where: str, found: object) -> dict[int, float]:
    """Pids with their weights, which are scaled to the sum 1 exactly. Raises DataError."""
    try:
        label = {int(part["pid"]): float(part["weight"]) for part in found}  # type: ignore[attr-defined]
    except (TypeError, KeyError, ValueError):
        label = {}
    total = sum(label.values())
    if not label or not all(weight >= 0 for weight in label.values()) or not math.isclose(total, 1, abs_tol=1e-3):
        raise DataError(f"{where}: soft_label is {found!r}; expected pids with weights that add up to 1")
    return {pid: weight / total for pid, weight in label.items()}


def _whole(where: str, row: Mapping[str, object], name: str) -> int:
    value = row[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataError(f"{where}: {name} is {value!r}; expected a whole number")
    return value
