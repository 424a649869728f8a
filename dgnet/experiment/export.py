"""`dgnet export`: a run's network for other programs."""

from __future__ import annotations

from pathlib import Path

import torch

from dgnet.experiment.evaluate_run import networks_of
from dgnet.experiment.run_folder import RunFolder
from dgnet.export.onnx import export_onnx
from dgnet.models.weights.bundled import bundled_model


def export(run: str, out: Path) -> Path:
    """Write the features of a run's model, or of its teacher where it has no model, as ONNX.

    Args:
        run: a run's folder, or `bundled`.
        out: the file.

    Raises:
        ConfigError, WeightsError: there is no finished run.
        ExportError: a package is missing, or the file cannot be written.
    """
    if run == "bundled":
        loaded = bundled_model()
        return export_onnx(loaded.model, loaded.config, out, loaded.config.data.name)
    folder = Path(run)
    teacher, model = networks_of(folder, torch.device("cpu"))
    config = RunFolder(folder).load_config()
    network = model or teacher
    assert network is not None
    return export_onnx(network, config, out, config.data.name)
