"""A run's re-id features as an ONNX file: images in, `prim` and `fine` out (or `baseline`), any batch size."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dgnet.config import RunConfig
from dgnet.errors import DgnetError
from dgnet.files.whole_file import written_whole
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.models.dgnet import DGNet

INPUT = "images"
ALPHA, TRAINED_ON = "dgnet.alpha", "dgnet.trained_on"  # keys of the file's metadata
EXPORT_BATCH = 2  # batch size of the example that the network is traced with; the file takes any batch size


class ExportError(DgnetError, ValueError):
    """A model cannot be written as ONNX, or an ONNX file cannot be used; the message names it and says what to do."""


class FeatureNetwork(nn.Module):
    """E_a without its classifiers: from images, N x 3 x H x W, to f_prim and f_fine, N x F each."""

    names = ("prim", "fine")

    def __init__(self, encoder: AppearanceEncoder) -> None:
        super().__init__()
        self.backbone = encoder.backbone
        self.pool = encoder.pool
        self.heads = nn.ModuleList(nn.Sequential(head.embed, head.norm) for head in (encoder.prim, encoder.fine))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        feature_map = self.backbone(images)
        # The maximum over the whole map is that over the four stripes of the appearance code.
        pooled = feature_map.amax(dim=(2, 3)) if self.pool == "max" else feature_map.mean(dim=(2, 3))
        return tuple(head(pooled) for head in self.heads)


class BaselineNetwork(nn.Module):
    """T without its classifier: from images, N x 3 x H x W, to the feature of the paper's Baseline, N x F."""

    names = ("baseline",)

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.backbone = teacher.backbone
        self.head = nn.Sequential(teacher.head.embed, teacher.head.norm)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (self.head(self.backbone(images).mean(dim=(2, 3))),)


def export_onnx(model: DGNet | Teacher, config: RunConfig, path: Path, trained_on: str = "") -> Path:
    """Write the network that computes a model's or a teacher's features as one ONNX file, whole or not at all.

    Its input `images` is N x 3 x H x W, float32, normalised by ImageNet's mean and standard deviation; its outputs are
    the features before any normalisation, as `DGNet.features` gives them. Height and width are the run's. The file's
    metadata has `dgnet.alpha` (the weight of f_fine's similarity) and `dgnet.trained_on`, which evaluation reads.

    Args:
        model: in eval mode, on the CPU.
        config: of the run; gives image size and alpha.
        path: the file to write, usually `.onnx`.
        trained_on: name of the training set, for tables of direct transfer.

    Raises:
        ExportError: a package is missing, or the file cannot be written.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (the exporter needs it, and would say so less clearly)
    except ImportError as error:
        raise ExportError(f"writing ONNX needs the package {error.name}: pip install 'dgnet[export]'") from error
    network = (FeatureNetwork(model.appearance_encoder) if isinstance(model, DGNet) else BaselineNetwork(model)).eval()
    example = torch.zeros(EXPORT_BATCH, 3, *config.data.size)
    # The exporter logs packages that are not needed, every rewriting step, and deprecations in its own code.
    for talker in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(talker).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            network,
            (example,),
            input_names=[INPUT],
            output_names=list(network.names),
            dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
            dynamo=True,
            verbose=False,
        )
    proto = program.model_proto
    facts = {ALPHA: str(config.alpha), TRAINED_ON: trained_on}
    onnx.helper.set_model_props(proto, facts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as partial:
            partial.write_bytes(proto.SerializeToString())
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path
