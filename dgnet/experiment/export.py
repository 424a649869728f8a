"""`dgnet export`: a run's network for other programs."""

from __future__ import annotations

from pathlib import Path

from dgnet.experiment.models.find import RUN, find_network
from dgnet.export.onnx import export_onnx
from dgnet.files.outputs import check_output_file, free_path


def export(run: RUN, out: Path | None = None) -> Path:
    """Write the features of a run's model, or of its teacher where it has no model, as ONNX.

    Args:
        run: as `find` takes it, but no ONNX file.
        out: the file, which is replaced if it is there; None is the first of model.onnx, model-2.onnx, ... not there.

    Raises:
        WeightsError: there is no such run.
        OutputError: the file cannot be written there.
        ExportError: a package is missing, or writing fails.
    """
    out = free_path(Path("model.onnx")) if out is None else out
    check_output_file(out, "--out", suffixes=(".onnx",), inputs=[run])
    loaded = find_network(run)
    return export_onnx(loaded.model, loaded.config, out, loaded.config.data.name)
