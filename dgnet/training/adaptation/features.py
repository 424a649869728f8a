"""The feature that adaptation clusters by and trains: the one that retrieval ranks by, at length 1."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.retrieval.features.extract import Float32Array, ImageStore, combine, extract
from dgnet.retrieval.rows import BASELINE, FINE, PRIM

_NUM_MOVED = 256
Describer = AppearanceEncoder | Teacher  # what adaptation trains: E_a, or a Baseline


def heads_of(network: Describer, x: Tensor) -> dict[str, Tensor]:
    """The features of images by name, not whitened: f_prim and f_fine of E_a, or the Baseline's single one."""
    if isinstance(network, Teacher):
        return {BASELINE: network.describe(x).feature}
    output = network(x)
    return {PRIM: output.prim.feature, FINE: output.fine.feature}


def unit_feature(network: Describer, x: Tensor, alpha: float) -> Tensor:
    """f = (f_prim / |f_prim|, sqrt(alpha) f_fine / |f_fine|) / sqrt(1 + alpha), N x 2F.

    Of a Baseline f / |f|, N x F.
    """
    return unit_of(heads_of(network, x), alpha)


def unit_of(features: dict[str, Tensor], alpha: float) -> Tensor:
    """The same from the features of `heads_of`."""
    heads = {name: normalize(feature.float(), dim=1) for name, feature in features.items()}
    if BASELINE in heads:
        return heads[BASELINE]
    return torch.cat([heads[PRIM], alpha**0.5 * heads[FINE]], dim=1) / (1 + alpha) ** 0.5


def retrieval_features(
    network: Describer, crops: ImageStore, alpha: float, device: torch.device, *, progress: bool = True
) -> Float32Array:
    """The same feature of all crops, made as for retrieval: in eval mode, from each image and its mirror image.

    Raises:
        EvaluationError: a feature is not finite.
    """
    found = extract(lambda x: heads_of(network, x), crops, device=device, progress=progress)
    if BASELINE in found:
        return found[BASELINE]
    both: Float32Array = combine(found[PRIM], found[FINE], alpha) / (1 + alpha) ** 0.5
    return both.astype("float32")


def likeness_of_copies(network: Describer, crops: ImageStore, shift: int, alpha: float, device: torch.device) -> float:
    """How similar two images are that the network takes for near copies, from -1 to 1.

    Nine in ten images are at least so similar to themselves moved by up to `shift` pixels in each direction.
    """
    places = np.unique(np.linspace(0, len(crops) - 1, _NUM_MOVED).astype(np.int64))
    images_u8, (height, width) = crops[places], crops[places[:1]].shape[1:3]
    padded = np.pad(images_u8, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="edge")
    offsets = np.random.default_rng(0).integers(0, 2 * shift + 1, (len(places), 2))
    moved = np.stack([one[y : y + height, x : x + width] for one, (y, x) in zip(padded, offsets, strict=True)])
    as_they_are, as_moved = (
        retrieval_features(network, some, alpha, device, progress=False) for some in (images_u8, moved)
    )
    return float(np.quantile((as_they_are * as_moved).sum(axis=1), 0.1))
