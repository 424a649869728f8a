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
ALPHA, TRAINED_ON = "dgnet.alpha", "dgnet.trained_on"  # keys of what the file says of itself
EXPORT_BATCH = 2  # of the example the network is traced with; any other size works too


class ExportError(DgnetError, ValueError):
    """A model cannot be written as ONNX, or an ONNX file not be used; the message names it and says what to do."""


class FeatureNetwork(nn.Module):
    """f_prim and f_fine of images N x 3 x H x W, N x F each: what of E_a recognition needs, without its classifiers."""

    names = ("prim", "fine")

    def __init__(self, encoder: AppearanceEncoder) -> None:
        super().__init__()
        self.backbone = encoder.backbone
        self.heads = nn.ModuleList(nn.Sequential(head.embed, head.norm) for head in (encoder.prim, encoder.fine))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        # The maximum over the whole map is that over the code's four stripes.
        pooled = self.backbone(images).amax(dim=(2, 3))
        return tuple(head(pooled) for head in self.heads)


class BaselineNetwork(nn.Module):
    """The Baseline's feature, N x F: T without its classifier."""

    names = ("baseline",)

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.backbone = teacher.backbone
        self.head = nn.Sequential(teacher.head.embed, teacher.head.norm)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (self.head(self.backbone(images).mean(dim=(2, 3))),)


def export_onnx(model: DGNet | Teacher, config: RunConfig, path: Path, trained_on: str = "") -> Path:
    """Write the features of a model, or of a teacher, as one ONNX file, whole or not at all.

    Its input `images` is N x 3 x H x W, float32, normalised by ImageNet's mean and standard deviation; its outputs are
    the features before any normalisation, as `DGNet.features` gives them. Height and width are the run's. The file
    carries `dgnet.alpha` and `dgnet.trained_on`, which evaluation reads.

    Args:
        model: in eval mode, on the CPU.
        config: gives size and alpha.
        path: the file; `.onnx` by custom.
        trained_on: name of the data set, for tables of direct transfer.

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
    # The exporter speaks of packages that nothing here uses, of every rewriting, and of deprecations inside itself.
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
