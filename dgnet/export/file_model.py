"""A model file of any program that computes features of images: what it takes and gives, whichever engine runs it."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dgnet.errors import DgnetError
from dgnet.export.pixels import Pixels, PixelsError, from_normalised

DEFAULT_ALPHA = 0.5  # weight of the similarity of `fine`, for files that do not give it


class ExportError(DgnetError, ValueError):
    """A model cannot be written for other programs, or such a file cannot be used; the message names it."""


@dataclass(frozen=True)
class Facts:
    """What a file says of its network.

    Args:
        shape: of its one input, N x 3 x H x W; None where a number is open.
        dtype: of that input, float32 or uint8.
        names: of its outputs.
        alpha: weight of the similarity of `fine`.
        trained_on: name of the data set; empty where unknown.
    """

    shape: tuple[int | None, ...]
    dtype: npt.DTypeLike
    names: list[str]
    alpha: float = DEFAULT_ALPHA
    trained_on: str = ""
    extra: dict[str, str] = field(default_factory=dict)


class FileModel(abc.ABC):
    """Computes features of dgnet's normalised images, N x 3 x H x W, on the CPU.

    Args:
        path: the file, for messages.
        facts: what it takes and gives.
        pixels: what numbers it takes for pixels.

    Raises:
        ExportError: its input is not N x 3 x H x W.
        PixelsError: its input is uint8, and `pixels` are not 0 to 255.
    """

    engine = ""

    def __init__(self, path: Path, facts: Facts, pixels: Pixels) -> None:
        if facts.dtype == np.uint8 and not pixels.endswith("u8"):
            raise PixelsError(f"{path}: its input is uint8, so its pixels are u8 or bgr-u8; found input {pixels!r}")
        height, width = facts.shape[2:]
        self.path, self.pixels, self.names = path, pixels, facts.names
        self.alpha, self.trained_on = facts.alpha, facts.trained_on
        self.batch = facts.shape[0]
        self.size = (height, width) if height is not None and width is not None else None
        self._dtype = facts.dtype

    @abc.abstractmethod
    def infer(self, images: np.ndarray) -> list[np.ndarray]:
        """The outputs, in the order of `names`, for one batch as the network takes it."""

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Each output's features, N x F, by the output's name.

        Raises:
            ExportError: an output is not N x F, or the file's network does not take these images.
        """
        batch = from_normalised(images.detach().cpu(), self.pixels).contiguous().numpy().astype(self._dtype, copy=False)
        size = self.batch or len(batch)
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
            return self.infer(images)
        except Exception as error:  # the engines' exceptions have no class in common
            raise ExportError(f"{self.path}: fails on images {images.shape}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of an engine's message, which may go on over pages."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def one_image_input(path: Path, inputs: list[tuple[str, str, tuple[int | None, ...]]], dtypes: dict[str, str]) -> str:
    """The name of the dtype of the file's one input, N x 3 x H x W.

    Args:
        inputs: (name, type, shape) of each, as the engine calls them.
        dtypes: what the engine calls the types that can be used: numpy's names.

    Raises:
        ExportError: it has several inputs, or one of another shape or type.
    """
    if len(inputs) == 1:
        _, kind, shape = inputs[0]
        if kind in dtypes and len(shape) == 4 and shape[1] == 3:
            return dtypes[kind]
    found = ", ".join(f"{name} {kind} {list(shape)}" for name, kind, shape in inputs) or "none"
    raise ExportError(f"{path}: expected one input, float32 or uint8 N x 3 x H x W, found {found}")
