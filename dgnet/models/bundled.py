"""The model that travels with the package: small, trained on mannequin."""

from __future__ import annotations

from importlib.resources import as_file, files

from dgnet.models.dgnet import DGNet
from dgnet.models.weights import LoadedModel, load_model


def bundled_model() -> LoadedModel[DGNet]:
    """The small model trained on mannequin, so that swapping and extracting work right after installing.

    Its card (`.card`) says which command made it, on what machine, and what it scores.
    """
    with as_file(files("dgnet.models").joinpath("bundled.safetensors")) as path:
        return load_model(path)
