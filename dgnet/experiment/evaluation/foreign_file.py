"""Evaluation of an ONNX or OpenVINO file, of dgnet or of any other model, on one data set or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dgnet.config import ConfigError
from dgnet.experiment.evaluation.features import FeatureModel
from dgnet.experiment.evaluation.present import common_facts, query_groups, ranked, retrieval_notes, retrieval_parts
from dgnet.experiment.evaluation.run import Measures
from dgnet.experiment.evaluation.transfer import tested_on, transfer_report
from dgnet.export.engine import engine_named, read_file_model
from dgnet.report.parts.galleries.ranked import RankedGalleries
from dgnet.report.report import Report

FEATURE_NAMES = {"prim": "f_prim", "fine": "f_fine"}  # outputs of dgnet's own files; other outputs keep their names


def evaluate_file(
    model: FeatureModel,
    own: tuple[str, str] | None,
    targets: Sequence[tuple[str, str]],
    measures: Measures,
    pattern: str = "",
) -> Report:
    """Rank galleries by each output of the file.

    Args:
        own: one data set (reader, folder), on which everything is measured; or None.
        targets: data sets (reader, folder) for direct transfer; used where `own` is None.
        pattern: of the one data set, for the reader `folder` (`config.DataConfig`).

    Raises:
        ConfigError: no data set was given.
    """
    path = Path(model.name)
    if not own and not targets:
        raise ConfigError(f"{path}: a file of another program's brings no data: give --data.root DIR, or --to NAME=DIR")
    if not own:
        return transfer_report(model, targets, measures, path.name)
    found = tested_on(model, own, measures, pattern, detailed=True)
    data, retrieval = found.data, found.retrieval
    height, width = model.size
    supervised = model.trained_on == data.dataset.name
    return Report(
        title=f"{path.name} on {data.dataset.name}",
        facts=[
            ("model", str(path)),
            ("input", f"{height} × {width}"),
            ("testing", f"{len(data.query)} queries, {len(data.gallery)} gallery images"),
            *common_facts(),
        ],
        parts=[
            *retrieval_parts(retrieval, data.dataset.name if supervised else ""),
            query_groups(retrieval, found.labels, data),
            RankedGalleries(ranked(found.features, found.labels, retrieval, data)),
        ],
        notes=[*data.dataset.notes, *found.notes, *retrieval_notes(retrieval)],
        doubts=retrieval.doubts,
    )


def file_features(path: Path, size: tuple[int, int] | None, engine: str, pixels: str) -> FeatureModel:
    """The file as a model that evaluation can use.

    Args:
        size: (height, width) where the file does not fix them.
        engine, pixels: `engine` and `input` of `dgnet.load`.

    Raises:
        ConfigError: the size is missing, or differs from the file's.
        ExportError, PixelsError: the file cannot be used.
    """
    model = read_file_model(path, engine_named(engine), pixels)
    if model.size is None and size is None:
        raise ConfigError(f"{path}: leaves height and width open: give --size HEIGHTxWIDTH, as it was trained")
    if model.size and size and model.size != size:
        raise ConfigError(f"--size: found {size[0]}x{size[1]}, but {path} takes {model.size[0]}x{model.size[1]}")
    named = {
        name: name if FEATURE_NAMES.get(name) in model.names else FEATURE_NAMES.get(name, name) for name in model.names
    }

    def features(images: Tensor) -> dict[str, Tensor]:
        return {named[name]: feature for name, feature in model(images).items()}

    device = torch.device("cpu")
    return FeatureModel(str(path), features, model.alpha, model.size or size or (0, 0), model.trained_on, device)
