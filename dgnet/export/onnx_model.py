"""Running an ONNX file that computes features of images, written by dgnet or by another program, with onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dgnet.export.file_model import DEFAULT_ALPHA, ExportError, Facts, FileModel, first_line, one_image_input
from dgnet.export.pixels import DGNETS, Pixels, pixels_beside, pixels_named

ALPHA, TRAINED_ON, TAKES = "dgnet.alpha", "dgnet.trained_on", "dgnet.input"  # keys of the file's metadata
DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}


class OnnxModel(FileModel):
    """An ONNX file run by onnxruntime on the CPU.

    Args:
        path: the file. It has one input, float32 or uint8 N x 3 x H x W, and one or more outputs N x F. N may be fixed;
            H and W may be variable.
        pixels: what numbers it takes for pixels. Empty: what its metadata says (dgnet's own files), else what the file
            `PATH.input` says, else `imagenet`.
        data: the file's bytes, where it is not on the disk yet.

    Raises:
        ExportError: onnxruntime is not installed, the file cannot be read, or its input is not as above.
        PixelsError: there is no such `pixels`, or the file takes others.
    """

    engine = "onnxruntime"

    def __init__(self, path: Path, pixels: str = "", data: bytes | None = None) -> None:
        if data is None and not path.is_file():
            raise ExportError(f"{path}: no such file")
        try:
            import onnxruntime
        except ImportError as error:
            raise ExportError(f"{path}: running ONNX needs onnxruntime: pip install 'dgnet[export]'") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors are raised anyway; warnings concern how the file was made
        source = str(path) if data is None else data
        try:
            self._session: Any = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no class in common
            raise ExportError(f"{path}: cannot be read as ONNX: {first_line(error)}") from error
        inputs = [(one.name, one.type, _shape(one.shape)) for one in self._session.get_inputs()]
        dtype = one_image_input(path, inputs, DTYPES)
        self._input = inputs[0][0]
        names = [one.name for one in self._session.get_outputs()]
        said = self._session.get_modelmeta().custom_metadata_map
        alpha = float(said.get(ALPHA, DEFAULT_ALPHA))
        facts = Facts(inputs[0][2], np.dtype(dtype), names, alpha, said.get(TRAINED_ON, ""))
        super().__init__(path, facts, onnx_pixels(path, pixels, said.get(TAKES, ""), dtype))

    def infer(self, images: np.ndarray) -> list[np.ndarray]:
        made: list[np.ndarray] = self._session.run(None, {self._input: images})
        return made


def onnx_pixels(path: Path, given: str, said: str, dtype: str) -> Pixels:
    """What an ONNX file takes for pixels: what the user gave, what the file or the text beside it says, or a default.

    The default is `imagenet`, and `u8` where the input is uint8.
    """
    if given:
        return pixels_named(given, f"input of {path}")
    if said:
        return pixels_named(said, f"{path}: metadata {TAKES}")
    return pixels_beside(path) or ("u8" if dtype == "uint8" else DGNETS)


def _shape(shape: list[int | str | None]) -> tuple[int | None, ...]:
    return tuple(one if isinstance(one, int) else None for one in shape)
