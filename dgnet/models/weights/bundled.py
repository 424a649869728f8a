"""The model that travels with the package: small, trained on mannequin."""

from __future__ import annotations

from pathlib import Path

from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model

BUNDLED = Path(__file__).with_name("bundled.safetensors")


def bundled_model() -> LoadedModel[DGNet]:
    """The small model trained on mannequin, so that swapping and extracting work right after installing.

    Its card (`.card`) says which command trained it, on what machine, and what it scores.
    """
    return load_model(BUNDLED)
