"""The models that travel with the package: a small one that draws, and one that recognises real people."""

from __future__ import annotations

from pathlib import Path

from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model

BUNDLED = Path(__file__).with_name("bundled.safetensors")
BUNDLED_REID = Path(__file__).with_name("bundled_reid.safetensors")  # a teacher without its classifier


def bundled_model() -> LoadedModel[DGNet]:
    """The small model trained on mannequin, so that swapping and extracting work right after installing.

    Its card (`.card`) says which command trained it, on what machine, and what it scores.
    """
    return load_model(BUNDLED)
