"""A run's re-id features as an ONNX file: images in, `prim` and `fine` out (or `baseline`), any batch size."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dgnet.config import RunConfig
from dgnet.export.file_model import ExportError
from dgnet.export.onnx_model import ALPHA, TAKES, TRAINED_ON, OnnxModel
from dgnet.export.parity import check_parity
from dgnet.export.pixels import DGNETS
from dgnet.files.whole_file import written_whole
from dgnet.models.appearance import AppearanceEncoder, Head, Teacher
from dgnet.models.dgnet import DGNet

INPUT = "images"
EXPORT_BATCH = 2  # batch size of the example that a network of any batch size is traced with


def without_classifier(head: Head) -> nn.Sequential:
    """What computes a head's retrieval feature."""
    layers: list[nn.Module] = [head.embed, head.norm]
    if head.whitening is not None:
        whitening = nn.Linear(head.embed.out_features, head.embed.out_features, bias=False)
        whitening.weight = nn.Parameter(head.whitening, requires_grad=False)
        layers.append(whitening)
    return nn.Sequential(*layers)


class FeatureNetwork(nn.Module):
    """E_a without its classifiers: from images, N x 3 x H x W, to f_prim and f_fine, N x F each."""

    names = ("prim", "fine")

    def __init__(self, encoder: AppearanceEncoder) -> None:
        super().__init__()
        self.backbone = encoder.backbone
        self.pool = encoder.pool
        self.heads = nn.ModuleList(without_classifier(head) for head in (encoder.prim, encoder.fine))

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
        self.head = without_classifier(teacher.head)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (self.head(self.backbone(images).mean(dim=(2, 3))),)


def feature_network(model: DGNet | Teacher) -> FeatureNetwork | BaselineNetwork:
    """The part of a model that computes its features, in eval mode."""
    network = FeatureNetwork(model.appearance_encoder) if isinstance(model, DGNet) else BaselineNetwork(model)
    return network.eval()


def export_onnx(model: DGNet | Teacher, config: RunConfig, path: Path, trained_on: str = "") -> Path:
    """Write the network that computes a model's or a teacher's features as one ONNX file, whole or not at all.

    Its input `images` is N x 3 x H x W, float32, normalised by ImageNet's mean and standard deviation; its outputs are
    the features before any normalisation, as `DGNet.features` gives them. Height and width are the run's. The file's
    metadata has `dgnet.alpha` (the weight of f_fine's similarity) and `dgnet.trained_on`, which evaluation reads.
    Before it is written, onnxruntime must compute from it what torch computes.

    Args:
        model: in eval mode, on the CPU.
        config: of the run; gives image size and alpha.
        path: the file to write, usually `.onnx`.
        trained_on: name of the training set, for tables of direct transfer.

    Raises:
        ExportError: a package is missing, the file's features are not the model's, or it cannot be written.
    """
    network = feature_network(model)
    facts = {ALPHA: str(config.alpha), TRAINED_ON: trained_on, TAKES: DGNETS}
    data = onnx_bytes(network, torch.zeros(EXPORT_BATCH, 3, *config.data.size), network.names, facts)
    check_parity(network_features(network), OnnxModel(path, data=data), config.data.size)
    return write_model(path, data)


def network_features(network: FeatureNetwork | BaselineNetwork) -> Any:
    """A function from normalised images to the network's features by name."""
    return lambda x: dict(zip(network.names, network(x), strict=True))


def onnx_bytes(
    network: nn.Module, example: Tensor, names: Sequence[str], facts: Mapping[str, str], *, any_batch: bool = True
) -> bytes:
    """A network as the bytes of an ONNX file.

    Args:
        network: in eval mode, on the CPU; takes one batch of images.
        example: a batch of the size and type that it takes.
        names: of its outputs.
        facts: the file's metadata.
        any_batch: the file takes batches of any size, else those of the example's alone.

    Raises:
        ExportError: a package is missing.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (the exporter needs it, and would say so less clearly)
    except ImportError as error:
        raise ExportError(f"writing ONNX needs the package {error.name}: pip install 'dgnet[export]'") from error
    # The exporter logs packages that are not needed, every rewriting step, and deprecations in its own code.
    for talker in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(talker).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            network,
            (example,),
            input_names=[INPUT],
            output_names=list(names),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},) if any_batch else None,
            dynamo=True,
            verbose=False,
        )
    proto = program.model_proto
    onnx.helper.set_model_props(proto, dict(facts))
    data: bytes = proto.SerializeToString()
    return data


def write_model(path: Path, data: bytes) -> Path:
    """Write a file's bytes, whole or not at all, into a folder that is made if need be. Raises ExportError."""
    try:
        with written_whole(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path
