"""Features that need no training for re-id, measured beside a model's: a colour histogram, and an ImageNet backbone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from dgnet.config import IMAGENET, BackboneConfig, DataConfig
from dgnet.data.normalise import from_01
from dgnet.experiment.data import HeldOut
from dgnet.experiment.evaluation.features import held_out_features
from dgnet.experiment.stores import open_store
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import global_mean
from dgnet.models.backbones.choice import build_backbone, start_from
from dgnet.models.layers.units import place
from dgnet.retrieval.features.histogram import colour_histogram
from dgnet.retrieval.measure import SplitFeatures
from dgnet.retrieval.rows import BARE_BACKBONE, HISTOGRAM

SIZE = (128, 64)  # of the images, whatever a model takes, so that the rows are the same beside every model


def also_baselines(
    data: HeldOut, settings: DataConfig, device: torch.device
) -> tuple[dict[str, SplitFeatures], list[str]]:
    """Features of the queries and the gallery by `rows.REFERENCES`, and a sentence for each that could not be taken.

    Args:
        settings: of the data set; their size is not used.
    """
    functions: dict[str, Callable[[Tensor], Tensor]] = {HISTOGRAM: colour_histogram}
    notes = []
    try:
        functions[BARE_BACKBONE] = bare_backbone(device)
    except WeightsError as error:
        notes.append(f"No row {BARE_BACKBONE!r}: {error}")
    settings = replace(settings, size=SIZE)
    crops = [open_store(records, settings) for records in (data.dataset.query, data.dataset.gallery)]

    def features(x: Tensor) -> dict[str, Tensor]:
        return {name: function(x) for name, function in functions.items()}

    return held_out_features(features, HeldOut(data.dataset, *crops), 0.0, device), notes


def bare_backbone(device: torch.device) -> Callable[[Tensor], Tensor]:
    """MobileNetV2 with its ImageNet weights, average-pooled: N x 3 x H x W -> N x 1280.

    Raises:
        WeightsError: the package that ships the weights is not installed.
    """
    config = BackboneConfig(kind="mobilenet_v2", last_stride=2, weights=IMAGENET)
    backbone = build_backbone(config)
    start_from(backbone, config)
    backbone = place(backbone.eval(), device)
    return lambda x: global_mean(backbone(x))


def by_bare_backbone(device: torch.device) -> Callable[[Tensor], Tensor]:
    """As `bare_backbone`, of images N x 3 x H x W in [0, 1], which are resized to SIZE. Raises as it does."""
    backbone = bare_backbone(device)
    return lambda x_01: backbone(from_01(interpolate(x_01, SIZE, mode="bilinear", antialias=True)))
