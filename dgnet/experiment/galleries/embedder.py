"""From a model of `dgnet.load` to what a gallery needs of it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import fields
from pathlib import Path

import numpy as np

from dgnet.experiment.models.find import RUN, Found, find
from dgnet.experiment.models.load import load
from dgnet.experiment.models.model import ModelError
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.protocol import Meta


def load_embedder(
    run: RUN,
    device: str = "auto",
    *,
    part: str = "",
    size: tuple[int, int] | None = None,
    engine: str = "auto",
    input: str = "",
) -> Embedder:
    """Load a model for a gallery.

    Args:
        run, device, size, engine, input: as for `dgnet.load`.
        part: the feature, one of `Model.parts`; empty for the first.

    Raises:
        DgnetError: as `dgnet.load` and `Model.features` do.
    """
    model = load(run, device, size=size, engine=engine, input=input)
    part = part or model.parts[0]
    height, width = model.size
    preprocessing = (
        f"feature {part}; resized to {height} x {width} pixels, bicubic, antialiased, then {model.input}; "
        "mean of the image's and its mirror's feature"
    )
    digest = hashlib.sha256(preprocessing.encode())
    for path in model_files(find(run)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    probe = model.features(np.zeros((height, width, 3), np.uint8), part=part)
    return Embedder(
        name=str(run),
        hash=digest.hexdigest(),
        preprocessing=preprocessing,
        part=part,
        size=(height, width),
        dim=probe.shape[1],
        function=lambda crops: model.features(crops, part=part),
    )


def reload_embedder(meta: Meta, run: RUN | None = None, device: str = "auto", engine: str = "auto") -> Embedder:
    """The model of a gallery again, from where it was or from `run`. Raises DgnetError where it is not there.

    Whether it is the same model is for `Embedder.check` to say.
    """
    wanted = meta.model_name if run is None else run
    size = (meta.height, meta.width)
    try:
        return load_embedder(wanted, device, part=meta.part, engine=engine, input=meta.input)
    except ModelError:
        with contextlib.suppress(ModelError):  # a file that leaves the size open takes the gallery's
            return load_embedder(wanted, device, part=meta.part, size=size, engine=engine, input=meta.input)
        raise


def model_files(found: Found) -> list[Path]:
    """The file that `dgnet.load` would read, and what belongs to it (of OpenVINO, the weights beside the .xml)."""
    named = {field.name: getattr(found, field.name) for field in fields(found)}
    files = [path for name, path in named.items() if name != "folder" and isinstance(path, Path)]
    chosen = files[:1]  # of a run's folder, the model before the teacher
    return [*chosen, *(path.with_suffix(".bin") for path in chosen if path.suffix == ".xml")]
