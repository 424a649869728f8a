"""Measuring a run: features of the Baseline and of both heads, and the swap error where the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dgnet.config import ConfigError, DataConfig
from dgnet.data.records import Record
from dgnet.data.store.crops import Crops, open_crops
from dgnet.experiment.data import HeldOut
from dgnet.files.cache import cache_root
from dgnet.generation.swap import swap_and_paste_pairs
from dgnet.mannequin.swaps import SWAPS_FILE, swap_targets
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.quality.truth import SwapError, swap_error
from dgnet.retrieval.features import combine, extract
from dgnet.retrieval.protocol import Array, SplitFeatures, labels_of
from dgnet.retrieval.query_features import multi_query

Describe = Callable[[Tensor], dict[str, Tensor]]
BOTH = "f_prim+f_fine"


def describe_by(teacher: Teacher | None, model: DGNet | None) -> Describe:
    """Features by row of the tables: `baseline` with a teacher; `f_prim` and `f_fine` with a model."""

    def describe(x: Tensor) -> dict[str, Tensor]:
        named = {"baseline": teacher.features(x)} if teacher else {}
        if model:
            prim, fine = model.features(x)
            named |= {"f_prim": prim, "f_fine": fine}
        return named

    return describe


def describe_held_out(
    describe: Describe, data: HeldOut, alpha: float, device: torch.device, multi: DataConfig | None = None
) -> dict[str, SplitFeatures]:
    """Test features by row, those of both heads together last.

    Args:
        alpha: weight of f_fine's similarity beside f_prim's.
        multi: where the data set lies, to read its multi-query images too.

    Raises:
        ConfigError: multi-query was asked for, and the data set has no images for it.
    """
    joined = multi_query_features(describe, data, alpha, device, multi) if multi else {}
    query, gallery = (with_both(extract(describe, crops, device=device), alpha) for crops in (data.query, data.gallery))
    return {name: SplitFeatures(query[name], gallery[name], joined.get(name)) for name in query}


def multi_query_features(
    describe: Describe, data: HeldOut, alpha: float, device: torch.device, settings: DataConfig
) -> dict[str, Array]:
    """For each query the mean feature of its person's multi-query images on its camera. Raises ConfigError."""
    records, labels = data.dataset.multi_query, labels_of(data.dataset)
    if not records or labels.query_camids is None:
        missing = "no multi-query images" if not records else "no cameras"
        raise ConfigError(f"multi_query: {data.dataset.name} in {data.dataset.root} has {missing}; leave it out")
    crops = open_crops(records, settings.size, cache_root(settings.cache))
    features = with_both(extract(describe, crops, device=device), alpha)
    pids, camids = (np.array([getattr(record, field) for record in records]) for field in ("pid", "camid"))
    return {
        name: multi_query(feature, pids, camids, labels.query_pids, labels.query_camids).numpy()
        for name, feature in features.items()
    }


def with_both(features: dict[str, Array], alpha: float) -> dict[str, Array]:
    """The same and, where both heads' features are there, both together."""
    if not {"f_prim", "f_fine"} <= features.keys():
        return features
    return features | {BOTH: combine(features["f_prim"], features["f_fine"], alpha)}


@dataclass(frozen=True)
class Swaps:
    """Test pairs whose true swap is known: x_i, x_j, G(a_i, s_j) and the truth, uint8 N x H x W x 3; and the error.

    `pasted` is the error of the same swaps pasted on x_j.
    """

    appearance: npt.NDArray[np.uint8]
    structure: npt.NDArray[np.uint8]
    swapped: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.uint8]
    error: SwapError
    pasted: SwapError


def measure_swaps(model: DGNet, data: HeldOut, cache: str) -> Swaps | None:
    """Draw every listed swap and compare it with the true one; None where the data set lists none."""
    if not (data.dataset.root / SWAPS_FILE).exists():
        return None
    targets = swap_targets(data.dataset.root)

    def images(paths: list[str]) -> npt.NDArray[np.uint8]:
        unique = sorted(set(paths))
        records = [Record(path, 0, 0) for path in unique]
        crops: Crops = open_crops(records, data.query.size, cache_root(cache), progress=False)
        return crops[[unique.index(path) for path in paths]]

    appearance = images([target.appearance for target in targets])
    structure = images([target.structure for target in targets])
    truth = images([target.target for target in targets])
    swapped, on_x_j = swap_and_paste_pairs(model, appearance, structure)
    x_ij, pasted_x_ij, true, x_j = (
        torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in (swapped, on_x_j, truth, structure)
    )
    errors = (swap_error(one, true, x_j) for one in (x_ij, pasted_x_ij))
    return Swaps(appearance, structure, swapped, truth, *errors)
