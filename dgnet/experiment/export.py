"""`dgnet export`: a run's features as an ONNX file, for other programs."""

from __future__ import annotations

from pathlib import Path

from dgnet.experiment.models.find import RUN, find_network
from dgnet.export.onnx import export_onnx
from dgnet.files.outputs import check_output_file, free_path


def export(run: RUN, out: Path | None = None) -> Path:
    """Export what computes features in a run's model, or in its teacher where it has no model, as ONNX.

    Args:
        run: as `find` takes it, but not an ONNX file.
        out: the file to write or replace; None means the first of model.onnx, model-2.onnx, ... that does not exist.

    Raises:
        WeightsError: there is no such run.
        OutputError: the file cannot be written there.
        ExportError: a package is missing, or writing fails.
    """
    out = free_path(Path("model.onnx")) if out is None else out
    check_output_file(out, "--out", suffixes=(".onnx",), inputs=[run])
    loaded = find_network(run)
    return export_onnx(loaded.model, loaded.config, out, loaded.config.data.name)
