"""A model as one ONNX file for trackers and other programs: images in, one feature of length 1 out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from dgnet.config import RunConfig
from dgnet.export.file_model import ExportError
from dgnet.export.onnx import EXPORT_BATCH, BaselineNetwork, FeatureNetwork, feature_network, onnx_bytes
from dgnet.export.onnx_model import TAKES, TRAINED_ON, OnnxModel
from dgnet.export.parity import check_parity
from dgnet.export.pixels import Pixels, to_normalised
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet

OUTPUT = "features"
BOTH = "both"


@dataclass(frozen=True)
class TrackerForm:
    """What the file takes and gives.

    Args:
        pixels: what numbers it takes for pixels. `u8` takes uint8, the others float32.
        batch: the one batch size that it takes; 0 means any.
        part: the feature: `both`, `prim` or `fine`, or `baseline` of a model without a generator; empty means `both`,
            or `baseline`.
    """

    pixels: Pixels = "imagenet"
    batch: int = 0
    part: str = ""

    def __post_init__(self) -> None:
        if self.batch < 0:
            raise ExportError(f"batch: found {self.batch}, must be at least 1, or 0 for any")


class TrackerNetwork(nn.Module):
    """Pixels N x 3 x H x W -> features N x F of length 1, of the image as it is (no mirror).

    `both` is (f_prim, sqrt(alpha) f_fine) / sqrt(1 + alpha), each of length 1 before: its cosine is the mean of both
    heads' cosines, that of f_fine weighted by alpha.
    """

    def __init__(self, network: FeatureNetwork | BaselineNetwork, pixels: Pixels, part: str, alpha: float) -> None:
        super().__init__()
        parts = (BOTH, *network.names) if "fine" in network.names else network.names
        self.part = part or parts[0]
        if self.part not in parts:
            raise ExportError(f"part: found {part!r}, must be one of {', '.join(parts)} here")
        self.network, self.pixels, self.alpha = network, pixels, alpha

    def embed(self, x: Tensor) -> Tensor:
        """Features of dgnet's normalised images."""
        named = {name: normalize(one, dim=1) for name, one in zip(self.network.names, self.network(x), strict=True)}
        if self.part != BOTH:
            return named[self.part]
        weighted = torch.cat([named["prim"], self.alpha**0.5 * named["fine"]], dim=1)
        return weighted / (1 + self.alpha) ** 0.5

    def forward(self, images: Tensor) -> Tensor:
        return self.embed(to_normalised(images, self.pixels))

    def named(self, x: Tensor) -> dict[str, Tensor]:
        """`embed`, as a function that gives features by name."""
        return {OUTPUT: self.embed(x)}


def tracker_network(model: DGNet | Teacher, config: RunConfig, form: TrackerForm) -> TrackerNetwork:
    """The network of the file, in eval mode. Raises ExportError where the model has no such part."""
    return TrackerNetwork(feature_network(model), form.pixels, form.part, config.alpha).eval()


def tracker_bytes(network: TrackerNetwork, config: RunConfig, form: TrackerForm, path: Path) -> bytes:
    """The file's bytes, after onnxruntime has computed from them what torch computes.

    Their metadata has `dgnet.input`, which every command of dgnet's reads, and `dgnet.trained_on`. `path` is where they
    will be written, for messages.

    Raises:
        ExportError: a package is missing, or onnxruntime computes something else.
    """
    dtype = torch.uint8 if form.pixels.endswith("u8") else torch.float32
    example = torch.zeros(form.batch or EXPORT_BATCH, 3, *config.data.size, dtype=dtype)
    facts = {TAKES: form.pixels, TRAINED_ON: config.data.name}
    data = onnx_bytes(network, example, [OUTPUT], facts, any_batch=not form.batch)
    check_parity(network.named, OnnxModel(path, data=data), config.data.size)
    return data
