"""An ONNX file, of dgnet or of any other model, on one data set or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dgnet.config import ConfigError
from dgnet.experiment.present import common_facts, retrieval_notes
from dgnet.experiment.ranked import ranked_rows
from dgnet.experiment.transfer import Described, tested_on, transfer_report
from dgnet.export.onnx_model import OnnxModel
from dgnet.report.report import Report
from dgnet.retrieval.protocol import Protocol

ROWS = {"prim": "f_prim", "fine": "f_fine"}  # outputs whose rows have names of their own; others keep theirs


def evaluate_onnx(
    path: Path,
    own: tuple[str, str] | None,
    targets: Sequence[tuple[str, str]],
    size: tuple[int, int] | None,
    protocol: Protocol,
) -> Report:
    """Describe images by the file's outputs, a row each, and rank.

    Args:
        own: one data set (reader, folder), measured in full; or None, and
        targets: several, a row each.
        size: height and width where the file leaves them open.

    Raises:
        ConfigError: no data set was given, or the size is missing or not the file's.
        ExportError: the file cannot be used.
    """
    if not own and not targets:
        raise ConfigError(f"{path}: an ONNX file brings no data: give --data.root DIR, or --to NAME=DIR ...")
    described = describe_by_onnx(path, size)
    if not own:
        return transfer_report(described, targets, protocol, path.name)
    found = tested_on(described, *own, protocol, detailed=True)
    data, retrieval = found.data, found.retrieval
    height, width = described.size
    supervised = described.trained_on == data.dataset.name
    return Report(
        title=f"{path.name} on {data.dataset.name}",
        facts=[
            ("model", str(path)),
            ("input", f"{height} × {width}"),
            ("testing", f"{len(data.query)} queries, {len(data.gallery)} gallery images"),
            *common_facts(),
        ],
        dataset=data.dataset.name if supervised else None,
        retrieval=retrieval.figures,
        cmc_curves=retrieval.cmc_curves,
        verification=retrieval.verification,
        cameras=retrieval.cameras,
        ranked=ranked_rows(found.rows[retrieval.headline], retrieval.ranks[retrieval.headline], data),
        notes=[*data.dataset.notes, *retrieval_notes(retrieval.figures)],
    )


def describe_by_onnx(path: Path, size: tuple[int, int] | None) -> Described:
    """The file as evaluation sees a model. Raises ConfigError and ExportError."""
    model = OnnxModel(path)
    if model.size is None and size is None:
        raise ConfigError(f"{path}: leaves height and width open: give --size HEIGHTxWIDTH, as it was trained")
    if model.size and size and model.size != size:
        raise ConfigError(f"--size: found {size[0]}x{size[1]}, but {path} takes {model.size[0]}x{model.size[1]}")

    def describe(images: Tensor) -> dict[str, Tensor]:
        return {ROWS.get(name, name): feature for name, feature in model(images).items()}

    return Described(describe, model.alpha, model.size or size or (0, 0), model.trained_on, torch.device("cpu"))
