"""`dgnet export tracker`: a model as one ONNX file for trackers; a smaller one too, where that costs little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dgnet.config import DataConfig, RunConfig
from dgnet.config.data import name_and_root
from dgnet.data.disk.listing import list_tree
from dgnet.data.normalise import normalise
from dgnet.data.store.given import read_given
from dgnet.experiment.data import open_held_out
from dgnet.experiment.evaluation.features import held_out_labels
from dgnet.experiment.models.find import RUN, find_network
from dgnet.experiment.own_data import as_trained
from dgnet.export.file_model import ExportError, FileModel
from dgnet.export.onnx import write_model
from dgnet.export.onnx_model import OnnxModel
from dgnet.export.pixels import from_normalised
from dgnet.export.reduce import Precision, quantised, with_short_weights
from dgnet.export.tracker import OUTPUT, TrackerForm, tracker_bytes, tracker_network
from dgnet.files.outputs import check_output_file, free_path
from dgnet.retrieval.features.extract import FeatureFunction, Float32Array, extract
from dgnet.retrieval.ranking.ranks import evaluate

LEAST_CALIBRATION, MOST_CALIBRATION = 32, 512  # images that ranges are taken from
LEAST_COSINE = {"half": 0.9999, "bf16": 0.999, "int8": 0.98}  # the mean that is accepted
MOST_LOST = 0.01  # of mAP (.01 is one per cent point)


@dataclass(frozen=True)
class Reduction:
    """How the file is made smaller, and what that may cost.

    Args:
        precision: see `dgnet.export.reduce`.
        calibration: images, or folders of them, that the ranges of `int8` are taken from: at least 32, best of the
            cameras that the tracker will run on.
        data: `NAME=DIR`, the labelled data set that the loss is measured on; empty means the bundled people.
        least_cosine: the smallest accepted mean cosine between features before and after; None means LEAST_COSINE's.
        most_lost: the largest accepted loss of mAP.
    """

    precision: Precision = "fp32"
    calibration: Sequence[Path] = ()
    data: str = ""
    least_cosine: float | None = None
    most_lost: float = MOST_LOST


@dataclass(frozen=True)
class Loss:
    """What a smaller file costs, on the queries and the gallery of a data set: mAP by the step definition."""

    data: str
    num_images: int
    mean_cosine: float
    least_cosine: float
    map_before: float
    map_after: float

    def __str__(self) -> str:
        return (
            f"cosine to fp32: mean {self.mean_cosine:.5f}, least {self.least_cosine:.5f}; mAP {self.map_before:.4f} -> "
            f"{self.map_after:.4f} ({self.num_images} images of {self.data})"
        )


@dataclass(frozen=True)
class Exported:
    """The file that was written, and what it costs where it is smaller than fp32."""

    path: Path
    loss: Loss | None


def export_tracker(
    run: RUN, out: Path | None = None, form: TrackerForm | None = None, reduction: Reduction | None = None
) -> Exported:
    """Write a model as one ONNX file with one output, features of length 1; the file appears whole or not at all.

    Args:
        run: as `find` takes it, but no file of another program's.
        out: the file to write or replace; None means the first of tracker.onnx, tracker-2.onnx, ... that is free.

    Raises:
        WeightsError: there is no such run.
        OutputError: the file cannot be written there.
        DataError: a calibration image, or the labelled data set, cannot be read.
        ExportError: a package is missing; onnxruntime computes other features than torch; there are too few calibration
            images; or the smaller file loses more than is accepted. Nothing is written then.
    """
    form, reduction = form or TrackerForm(), reduction or Reduction()
    _check(reduction)
    out = free_path(Path("tracker.onnx")) if out is None else out
    check_output_file(out, "--out", suffixes=(".onnx",), inputs=[run, *reduction.calibration])
    loaded = find_network(run)
    network = tracker_network(loaded.model, loaded.config, form)
    images = _calibration(reduction.calibration, loaded.config, form) if reduction.precision == "int8" else None
    data = tracker_bytes(network, loaded.config, form, out)
    loss = None
    if reduction.precision != "fp32":
        small = _reduced(data, reduction.precision, images, form.batch)
        loss = measure_loss(network.named, OnnxModel(out, data=small), loaded.config, run, reduction.data)
        _refuse_loss(loss, reduction)
        data = small
    return Exported(write_model(out, data), loss)


def measure_loss(original: FeatureFunction, small: FileModel, config: RunConfig, run: RUN, data: str) -> Loss:
    """Compare two networks' features of a labelled data set's queries and gallery.

    Args:
        data: `NAME=DIR`, or empty for the bundled people.

    Raises:
        DataError, ConfigError: the data set cannot be read or tested on.
    """
    name, root = name_and_root("--data", data) if data else ("mannequin", "")
    settings, trained_on = as_trained(run, DataConfig(name, root, config.data.size, cache=config.data.cache))
    held_out = open_held_out(replace(config, data=settings), trained_on=trained_on)
    columns = held_out_labels(held_out).columns()

    def of(function: FeatureFunction) -> tuple[Float32Array, Float32Array]:
        query, gallery = (
            extract(function, crops, mirror=False)[OUTPUT] for crops in (held_out.query, held_out.gallery)
        )
        return query, gallery

    before, after = of(original), of(small)
    cosines = np.concatenate([(one * other).sum(1) for one, other in zip(before, after, strict=True)])
    scores = [evaluate(query, gallery, *columns, progress=False).map_step for query, gallery in (before, after)]
    called = held_out.dataset.name if data else "the bundled people"
    return Loss(called, len(cosines), float(cosines.mean()), float(cosines.min()), scores[0], scores[1])


def _check(reduction: Reduction) -> None:
    if reduction.precision == "int8" and not reduction.calibration:
        raise ExportError("--precision int8: its ranges are taken from images: give --calibrate IMAGES...")
    if reduction.precision != "int8" and reduction.calibration:
        raise ExportError(f"--calibrate: belongs to --precision int8, found {reduction.precision}; leave it out")
    if reduction.precision == "fp32" and reduction.data:
        raise ExportError("--data: measures what a smaller file loses; give --precision half, bf16 or int8 too")


def _refuse_loss(loss: Loss, reduction: Reduction) -> None:
    least = LEAST_COSINE[reduction.precision] if reduction.least_cosine is None else reduction.least_cosine
    reasons = []
    if not loss.mean_cosine >= least:
        reasons.append(f"the mean cosine is below {least} (--least_cosine)")
    if not loss.map_before - loss.map_after <= reduction.most_lost:
        reasons.append(f"mAP falls by more than {reduction.most_lost} (--most_lost)")
    if reasons:
        raise ExportError(f"--precision {reduction.precision}: {' and '.join(reasons)}; nothing was written. {loss}")


def _reduced(data: bytes, precision: Precision, images: np.ndarray | None, batch: int) -> bytes:
    if precision == "half" or precision == "bf16":
        return with_short_weights(data, precision)
    assert images is not None
    return with_short_weights(quantised(data, images, batch), "half")  # of what is not quantised


def calibration_files(given: Sequence[Path]) -> list[Path]:
    """At most MOST_CALIBRATION images of the files and folders that were given, evenly chosen. Raises ExportError."""
    found: list[Path] = []
    for path in given:
        if not path.exists():
            raise ExportError(f"--calibrate: {path}: no such file or folder")
        contents = list_tree(path) if path.is_dir() else None
        found += [Path(contents.path(below)) for below in contents.images] if contents else [path]
    if len(found) < LEAST_CALIBRATION:
        raise ExportError(f"--calibrate: found {len(found)} images, must be at least {LEAST_CALIBRATION}")
    chosen = np.linspace(0, len(found) - 1, min(len(found), MOST_CALIBRATION)).round().astype(int)
    return [found[place] for place in chosen]


def _calibration(given: Sequence[Path], config: RunConfig, form: TrackerForm) -> np.ndarray:
    """Images as the file takes them. Raises DataError, ExportError."""
    pixels = read_given(calibration_files(given), config.data.size, "--calibrate")
    images = from_normalised(normalise(torch.from_numpy(pixels)), form.pixels).contiguous().numpy()
    return images.astype(np.uint8) if form.pixels.endswith("u8") else images
