"""The feature that adaptation clusters by and trains: the one that retrieval ranks by, at length 1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.retrieval.features.extract import Float32Array, ImageStore, combine, extract
from dgnet.retrieval.rows import BASELINE, FINE, PRIM

Describer = AppearanceEncoder | Teacher  # what adaptation trains: E_a, or a Baseline


def heads_of(network: Describer, x: Tensor) -> dict[str, Tensor]:
    """The features of images by name: f_prim and f_fine of E_a, or the Baseline's single one."""
    if isinstance(network, Teacher):
        return {BASELINE: network.features(x)}
    output = network(x)
    return {PRIM: output.prim.feature, FINE: output.fine.feature}


def unit_feature(network: Describer, x: Tensor, alpha: float) -> Tensor:
    """f = (f_prim / |f_prim|, sqrt(alpha) f_fine / |f_fine|) / sqrt(1 + alpha), N x 2F.

    Of a Baseline f / |f|, N x F.
    """
    heads = {name: normalize(feature.float(), dim=1) for name, feature in heads_of(network, x).items()}
    if BASELINE in heads:
        return heads[BASELINE]
    return torch.cat([heads[PRIM], alpha**0.5 * heads[FINE]], dim=1) / (1 + alpha) ** 0.5


def retrieval_features(network: Describer, crops: ImageStore, alpha: float, device: torch.device) -> Float32Array:
    """The same feature of all crops, made as for retrieval: in eval mode, from each image and its mirror image.

    Raises:
        EvaluationError: a feature is not finite.
    """
    found = extract(lambda x: heads_of(network, x), crops, device=device)
    if BASELINE in found:
        return found[BASELINE]
    both: Float32Array = combine(found[PRIM], found[FINE], alpha) / (1 + alpha) ** 0.5
    return both.astype("float32")
