"""From a model of `dgnet.load` to what a gallery needs of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from dgnet.experiment.models.find import BUNDLED_MODELS, RUN, Found, find
from dgnet.experiment.models.load import load
from dgnet.experiment.models.model import Model
from dgnet.files.download import sha256_of
from dgnet.files.onnx_weights import weight_files
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.protocol import Meta


@dataclass(frozen=True)
class Loading:
    """How a model is loaded; see `dgnet.load`. `part` is one of `Model.parts`, or empty for the first."""

    device: str = "auto"
    part: str = ""
    size: tuple[int, int] | None = None
    engine: str = "auto"
    input: str = ""


AS_IT_IS = Loading()


def load_embedder(run: RUN, how: Loading = AS_IT_IS) -> Embedder:
    """Load a model for a gallery. Raises DgnetError as `dgnet.load` and `Model.features` do."""
    return embedder_of(_loaded(run, how), run, how.part)


def embedder_of(model: Model, run: RUN, part: str = "") -> Embedder:
    """What a gallery needs of a model that was loaded from `run`; an empty `part` is its first feature.

    Its hash is of the model's file and of everything that changes what features mean; the engine does not.
    """
    part = part or model.parts[0]
    height, width = model.size
    preprocessing = (
        f"feature {part}; resized to {height} x {width} pixels, bicubic, antialiased, then as {model.input}; "
        "mean of the image's and its mirror's feature"
    )
    probe = model.features(np.zeros((height, width, 3), np.uint8), part=part)
    return Embedder(
        name=str(run),
        hash=_hash(run, preprocessing),
        preprocessing=preprocessing,
        part=part,
        size=(height, width),
        input=model.input,
        dim=probe.shape[1],
        function=lambda crops: model.features(crops, part=part),
    )


def reload_model(
    meta: Meta, run: RUN | None = None, device: str = "auto", engine: str = "auto"
) -> tuple[Model, Embedder]:
    """The model of a gallery again, from where it was or from `run`, and what the gallery needs of it.

    Whether it is the same model is for `Embedder.check` to say. Raises DgnetError where it is not there.
    """
    wanted = _name_now(meta) if run is None else run
    how = Loading(device=device, part=meta.part, engine=engine)
    if find(wanted).foreign:  # dgnet's own files state their size and input
        how = replace(how, size=(meta.height, meta.width), input=meta.input)
    model = _loaded(wanted, how)
    return model, embedder_of(model, wanted, how.part)


def _hash(run: RUN, preprocessing: str) -> str:
    digest = hashlib.sha256(preprocessing.encode())
    for path in model_files(find(run)):
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()


def _name_now(meta: Meta) -> str:
    """What a gallery's model is called now: dgnet's own models may have been called otherwise when it was made."""
    if meta.model_name not in BUNDLED_MODELS:
        return meta.model_name
    same = (name for name in BUNDLED_MODELS if _hash(name, meta.preprocessing) == meta.model_hash)
    return next(same, meta.model_name)


def _loaded(run: RUN, how: Loading) -> Model:
    return load(run, how.device, size=how.size, engine=how.engine, input=how.input)


def model_files(found: Found) -> list[Path]:
    """The file that `dgnet.load` would read, and the weights beside it, of OpenVINO's .xml and of large ONNX files."""
    named = {field.name: getattr(found, field.name) for field in fields(found)}
    files = [path for name, path in named.items() if name != "folder" and isinstance(path, Path)]
    chosen = files[:1]  # of a run's folder, the model before the teacher
    return [*chosen, *(beside for path in chosen for beside in _weights_beside(path))]


def _weights_beside(path: Path) -> list[Path]:
    match path.suffix.lower():
        case ".xml":
            return [path.with_suffix(".bin")]
        case ".onnx":
            return weight_files(path)
    return []
