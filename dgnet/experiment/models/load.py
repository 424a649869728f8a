"""`dgnet.load`: from a RUN to a model that a program can use."""

from __future__ import annotations

from pathlib import Path

import torch

from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.models.find import RUN, Found, find
from dgnet.experiment.models.model import PARTS, Model, ModelError, Source
from dgnet.export.onnx_model import OnnxModel
from dgnet.models.appearance import Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model, load_teacher
from dgnet.retrieval.features.extract import FeatureFunction


def load(run: RUN, device: str | int | torch.device = "auto", *, size: tuple[int, int] | None = None) -> Model:
    """A trained model.

    Args:
        run: the text `bundled` (the small model that comes with dgnet; a folder of that name is given as `./bundled`),
            a run's folder, a model's file, or an ONNX file of any network (it has features only). A run's folder
            without a model gives its teacher, the Baseline.
        device: `auto` (CUDA where there is a GPU), `cpu`, `cuda`, `cuda:1` or `1`, `mps`.
        size: (height, width), for an ONNX file that does not fix them.

    Raises:
        WeightsError: there is no such model, or it is something else; the message says what to give.
        ExportError: the ONNX file cannot be used.
        ConfigError: this machine has no such device.
        ModelError: `size` is missing, or differs from the model's own.
    """
    found = find(run)
    if found.onnx:
        return _load_onnx(found, found.onnx, pick_device("cpu" if device == "auto" else device), size)
    if size is not None:
        raise ModelError(f"size: {found.name} has one of its own; leave it out")
    there = pick_device(device)
    if found.model:
        whole = load_model(found.model)
        return _of(found, whole, features_by(None, whole.model), ("both", "prim", "fine"), there)
    assert found.teacher is not None
    teacher = load_teacher(found.teacher)
    return _of(found, teacher, features_by(teacher.model, None), ("baseline",), there)


def _of(
    found: Found,
    loaded: LoadedModel[DGNet] | LoadedModel[Teacher],
    function: FeatureFunction,
    names: tuple[str, ...],
    device: torch.device,
) -> Model:
    source = Source(function, loaded.config.alpha, loaded.config.data.size, loaded.model, names)
    return Model(found.name, source, loaded.config, loaded.card, device)


def _load_onnx(found: Found, path: Path, device: torch.device, size: tuple[int, int] | None) -> Model:
    onnx = OnnxModel(path)
    takes = onnx.size or size
    if takes is None:
        raise ModelError(f"{found.name}: leaves height and width open; give size=(height, width), as it was trained")
    if onnx.size and size and onnx.size != tuple(size):
        raise ModelError(f"size: found {size}, but {found.name} takes {onnx.size}")

    def function(x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {PARTS.get(name, name): feature for name, feature in onnx(x).items()}

    both = ("both",) if {"prim", "fine"} <= set(onnx.names) else ()
    source = Source(function, onnx.alpha, (takes[0], takes[1]), None, (*both, *onnx.names))
    card = {"trained on": onnx.trained_on} if onnx.trained_on else {}
    return Model(found.name, source, None, card, device)
