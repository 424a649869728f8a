"""Running a file that computes features of images with OpenVINO: an intermediate representation (.xml), or ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dgnet.export.file_model import DEFAULT_ALPHA, ExportError, Facts, FileModel, first_line, one_image_input
from dgnet.export.onnx_model import ALPHA, TAKES, TRAINED_ON, onnx_pixels
from dgnet.export.pixels import PIXELS, SUFFIX, Pixels, PixelsError, pixels_beside, pixels_named

DTYPES = {"f32": "float32", "u8": "uint8"}


class OpenVinoModel(FileModel):
    """A file run by OpenVINO on the CPU.

    Args:
        path: an intermediate representation, NAME.xml with NAME.bin beside it, or an ONNX file. Its input and outputs
            are as those of `OnnxModel`.
        pixels: what numbers it takes for pixels. Empty: what dgnet's own files say, else what the file `PATH.input`
            says. An intermediate representation has no default: networks of this form take all kinds.
        data: the bytes of an ONNX file that is not on the disk yet.

    Raises:
        ExportError: openvino is not installed, the file cannot be read, or its input is not as above.
        PixelsError: nothing says what it takes, or there are no such `pixels`.
    """

    engine = "openvino"

    def __init__(self, path: Path, pixels: str = "", data: bytes | None = None) -> None:
        if data is None and not path.is_file():
            raise ExportError(f"{path}: no such file")
        try:
            import openvino
        except ImportError as error:
            raise ExportError(f"{path}: running it needs openvino: pip install 'dgnet[openvino]'") from error
        core = openvino.Core()
        try:
            network: Any = core.read_model(str(path)) if data is None else core.read_model(data)
        except Exception as error:  # openvino raises RuntimeError for all that is wrong with a file
            raise ExportError(f"{path}: cannot be read by OpenVINO: {_reason(path, error)}") from error
        inputs = [
            (one.get_any_name(), one.element_type.get_type_name(), _shape(one.partial_shape)) for one in network.inputs
        ]
        dtype = one_image_input(path, inputs, DTYPES)
        names = [one.get_any_name() if one.names else f"output{index}" for index, one in enumerate(network.outputs)]
        said = {name: _said(network, name) for name in (ALPHA, TRAINED_ON, TAKES)}
        settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
        try:
            self._compiled: Any = core.compile_model(network, "CPU", {**settings, "INFERENCE_PRECISION_HINT": "f32"})
        except Exception as error:
            raise ExportError(f"{path}: cannot be run by OpenVINO: {first_line(error)}") from error
        facts = Facts(inputs[0][2], np.dtype(dtype), names, float(said[ALPHA] or DEFAULT_ALPHA), said[TRAINED_ON])
        is_onnx = data is not None or path.suffix.lower() == ".onnx"
        found = onnx_pixels(path, pixels, said[TAKES], dtype) if is_onnx else _stated(path, pixels, said[TAKES])
        super().__init__(path, facts, found)

    def infer(self, images: np.ndarray) -> list[np.ndarray]:
        found = self._compiled(images)
        return [np.array(found[index]) for index in range(len(self.names))]


def _stated(path: Path, given: str, said: str) -> Pixels:
    if given or said:
        return pixels_named(given or said, f"input of {path}")
    beside = pixels_beside(path)
    if beside is None:
        raise PixelsError(
            f"{path}: does not say what it takes for pixels: give input ({', '.join(PIXELS)}), or write it into "
            f"{path.name}{SUFFIX}; Intel's person-reidentification-retail models take bgr-u8"
        )
    return beside


def _said(network: Any, name: str) -> str:
    """A line of a file's metadata, which OpenVINO keeps from ONNX files; or empty."""
    for place in (["framework", name], [name]):
        if network.has_rt_info(place):
            return str(network.get_rt_info(place).astype(str))
    return ""


def _shape(shape: Any) -> tuple[int | None, ...]:
    if shape.rank.is_dynamic:
        return ()
    return tuple(one.get_length() if one.is_static else None for one in shape)


def _reason(path: Path, error: Exception) -> str:
    weights = path.with_suffix(".bin")
    if path.suffix.lower() == ".xml" and not weights.is_file():
        return f"its weights, {weights.name}, are not beside it"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
