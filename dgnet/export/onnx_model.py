"""Running an ONNX file that computes features of images, written by dgnet or by another program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dgnet.export.onnx import ALPHA, TRAINED_ON, ExportError

DEFAULT_ALPHA = 0.5  # weight of the similarity of `fine`, for files that do not give it


class OnnxModel:
    """Computes features of normalised images N x 3 x H x W with onnxruntime, on the CPU.

    Args:
        path: the file. It has one input, float32 N x 3 x H x W, and one or more outputs N x F. N may be fixed; H and W
            may be variable.

    Raises:
        ExportError: onnxruntime is not installed, the file cannot be read, or its input is not as above.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ExportError(f"{path}: no such file")
        try:
            import onnxruntime
        except ImportError as error:
            raise ExportError(f"{path}: running ONNX needs onnxruntime: pip install 'dgnet[export]'") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors are raised anyway; warnings concern how the file was made
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no class in common
            raise ExportError(f"{path}: cannot be read as ONNX: {str(error).splitlines()[0]}") from error
        self.path = path
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if inputs else []
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(shape) != 4 or shape[1] != 3:
            found = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs) or "none"
            raise ExportError(f"{path}: expected one input, float32 N x 3 x H x W, found {found}")
        self._input = inputs[0].name
        self._batch = shape[0] if isinstance(shape[0], int) else None
        self.size = (shape[2], shape[3]) if isinstance(shape[2], int) and isinstance(shape[3], int) else None
        self.names = [one.name for one in self._session.get_outputs()]
        facts = self._session.get_modelmeta().custom_metadata_map
        self.alpha = float(facts.get(ALPHA, DEFAULT_ALPHA))
        self.trained_on: str = facts.get(TRAINED_ON, "")

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Each output's features, N x F, by the output's name.

        Raises:
            ExportError: an output is not N x F, or the file's network does not take these images.
        """
        batch = images.detach().cpu().contiguous().numpy()
        size = self._batch or len(batch)
        parts = []
        for start in range(0, len(batch), size):
            part = batch[start : start + size]
            missing = size - len(part)  # a file of fixed batch size: fill the batch with its last image
            parts.append(self._run(np.concatenate([part, np.repeat(part[-1:], missing, axis=0)]) if missing else part))
        named = {}
        for name, arrays in zip(self.names, zip(*parts, strict=True), strict=True):
            features = np.concatenate(arrays)[: len(batch)]
            if features.ndim != 2 or len(features) != len(batch):
                raise ExportError(
                    f"{self.path}: output {name!r} is {features.shape} for {len(batch)} images, expected N x F; "
                    "export the features alone"
                )
            named[name] = torch.from_numpy(features)
        return named

    def _run(self, images: np.ndarray) -> list[np.ndarray]:
        try:
            made: list[np.ndarray] = self._session.run(None, {self._input: images})
        except Exception as error:
            raise ExportError(f"{self.path}: fails on images {images.shape}: {str(error).splitlines()[0]}") from error
        return made
