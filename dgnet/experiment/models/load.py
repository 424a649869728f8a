"""`dgnet.load`: from a RUN to a model that a program can use."""

from __future__ import annotations

import torch

from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.models.find import RUN, Found, find
from dgnet.experiment.models.model import PARTS, Model, ModelError, Source
from dgnet.export.engine import Engine, engine_named, read_file_model, through_engine
from dgnet.export.file_model import FileModel
from dgnet.models.appearance import Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model, load_teacher
from dgnet.retrieval.features.extract import FeatureFunction


def load(
    run: RUN,
    device: str | int | torch.device = "auto",
    *,
    size: tuple[int, int] | None = None,
    engine: str = "auto",
    input: str = "",
) -> Model:
    """A trained model.

    Args:
        run: the text `bundled` (the model that comes with dgnet, 128 x 64) or `bundled-small` (64 x 32, faster, for
            rendered people alone); a folder of such a name is given as `./bundled`. Or a run's folder, a model's file,
            or an ONNX or OpenVINO file of any network (it has features only). A run's folder without a model gives its
            teacher, the Baseline.
        device: `auto` (CUDA where there is a GPU), `cpu`, `cuda`, `cuda:1` or `1`, `mps`.
        size: (height, width), for a file of another program's that does not fix them.
        engine: what computes the features: `torch`, `onnxruntime` (on a CPU about twice as fast) or `openvino`. `auto`
            is torch for dgnet's own models, onnxruntime for `.onnx`, openvino for `.xml`. The other two run on the CPU;
            dgnet's own models are converted for them once, and still draw with torch.
        input: what a file of another program's takes for pixels: `imagenet`, `unit` (0 to 1) or `u8` (0 to 255), in
            RGB, or with `bgr-` before it. Not needed where the file or FILE.input says it; an ONNX file that says
            nothing is taken to want `imagenet`.

    From the first call on, this process keeps the memory that it frees (`dgnet.data.store.memory`): features then take
    less than half of the time on a CPU.

    Raises:
        WeightsError: there is no such model, or it is something else; the message says what to give.
        ExportError: the file cannot be used, an engine's package is missing, or the engine does not run such a model.
        PixelsError: `input` is missing, or is no such name.
        ConfigError: this machine has no such device.
        ModelError: `size` is missing, or it or `input` differs from the model's own.
    """
    keep_freed_memory()
    found, wanted = find(run), engine_named(engine)
    there = pick_device("cpu" if device == "auto" and (found.foreign or _on_cpu_alone(wanted)) else device)
    if _on_cpu_alone(wanted) and there.type != "cpu":
        raise ModelError(f"engine: {wanted} runs on the CPU here; found device {device!r}")
    if found.foreign:
        return _load_foreign(found, read_file_model(found.foreign, wanted, input), there, size)
    for name, given in (("size", size), ("input", input)):
        if given:
            raise ModelError(f"{name}: {found.name} has one of its own; leave it out")
    if found.model:
        whole = load_model(found.model)
        return _of(found, whole, features_by(None, whole.model), ("both", "prim", "fine"), there, wanted)
    assert found.teacher is not None
    teacher = load_teacher(found.teacher)
    return _of(found, teacher, features_by(teacher.model, None), ("baseline",), there, wanted)


def _on_cpu_alone(engine: Engine) -> bool:
    return engine in ("onnxruntime", "openvino")


def _of(
    found: Found,
    loaded: LoadedModel[DGNet] | LoadedModel[Teacher],
    function: FeatureFunction,
    names: tuple[str, ...],
    device: torch.device,
    engine: Engine,
) -> Model:
    config = loaded.config
    if _on_cpu_alone(engine):
        function = in_tables(through_engine(loaded.model, config, engine))
    source = Source(
        function, config.alpha, config.data.size, loaded.model, names, engine if engine != "auto" else "torch"
    )
    return Model(found.name, source, config, loaded.card, device)


def _load_foreign(found: Found, file: FileModel, device: torch.device, size: tuple[int, int] | None) -> Model:
    takes = file.size or size
    if takes is None:
        raise ModelError(f"{found.name}: leaves height and width open; give size=(height, width), as it was trained")
    if file.size and size and file.size != tuple(size):
        raise ModelError(f"size: found {size}, but {found.name} takes {file.size}")
    both = ("both",) if {"prim", "fine"} <= set(file.names) else ()
    source = Source(
        in_tables(file), file.alpha, (takes[0], takes[1]), None, (*both, *file.names), file.engine, file.pixels
    )
    card = {"trained on": file.trained_on} if file.trained_on else {}
    return Model(found.name, source, None, card, device)


def in_tables(file: FileModel) -> FeatureFunction:
    """A file's features by their names in tables."""

    def function(x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {PARTS.get(name, name): feature for name, feature in file(x).items()}

    return function
