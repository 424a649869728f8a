"""Measuring a run: re-id figures of the Baseline and of both features, and the swap error where the truth is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dgnet.data.cache import cache_root
from dgnet.data.crops import Crops, open_crops
from dgnet.data.mannequin.swaps import SWAPS_FILE, swap_targets
from dgnet.data.records import Record
from dgnet.evaluation.features import combine, extract
from dgnet.evaluation.ranking import RetrievalResult, evaluate
from dgnet.evaluation.truth import SwapError, swap_error
from dgnet.experiment.setup import ExperimentData
from dgnet.generation.swap import swap_pairs
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SplitFeatures:
    """Query and gallery features of one row of the tables."""

    query: Array
    gallery: Array


def describe_all(
    teacher: Teacher | None, model: DGNet | None, data: ExperimentData, alpha: float, device: torch.device
) -> dict[str, SplitFeatures]:
    """Test features by row: `baseline` with a teacher; `f_prim`, `f_fine`, `f_prim+f_fine` with a model."""

    def describe(x: Tensor) -> dict[str, Tensor]:
        named = {"baseline": teacher.features(x)} if teacher else {}
        if model:
            prim, fine = model.features(x)
            named |= {"f_prim": prim, "f_fine": fine}
        return named

    query, gallery = (extract(describe, crops, device=device) for crops in (data.query, data.gallery))
    rows = {name: SplitFeatures(query[name], gallery[name]) for name in query}
    if model:
        both = [combine(split["f_prim"], split["f_fine"], alpha) for split in (query, gallery)]
        rows["f_prim+f_fine"] = SplitFeatures(*both)
    return rows


def retrieval(rows: dict[str, SplitFeatures], data: ExperimentData) -> dict[str, RetrievalResult]:
    """Every row's figures by the data set's protocol."""
    query, gallery = data.dataset.query, data.dataset.gallery
    cameras = data.dataset.has_cameras
    return {
        name: evaluate(
            features.query,
            features.gallery,
            np.array([r.pid for r in query]),
            np.array([r.pid for r in gallery]),
            np.array([r.camid for r in query]) if cameras else None,
            np.array([r.camid for r in gallery]) if cameras else None,
            progress=False,
        )
        for name, features in rows.items()
    }


@dataclass(frozen=True)
class Swaps:
    """Test pairs whose true swap is known: x_i, x_j, G(a_i, s_j) and the truth, uint8 N x H x W x 3; and the error."""

    appearance: npt.NDArray[np.uint8]
    structure: npt.NDArray[np.uint8]
    swapped: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.uint8]
    error: SwapError


def measure_swaps(model: DGNet, data: ExperimentData, cache: str) -> Swaps | None:
    """Draw every listed swap and compare it with the true one; None where the data set lists none."""
    if not (data.dataset.root / SWAPS_FILE).exists():
        return None
    targets = swap_targets(data.dataset.root)

    def images(paths: list[str]) -> npt.NDArray[np.uint8]:
        unique = sorted(set(paths))
        records = [Record(path, 0, 0) for path in unique]
        crops: Crops = open_crops(records, data.train.size, cache_root(cache), progress=False)
        return crops[[unique.index(path) for path in paths]]

    appearance = images([target.appearance for target in targets])
    structure = images([target.structure for target in targets])
    truth = images([target.target for target in targets])
    swapped = swap_pairs(model, appearance, structure)
    in_01 = [torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in (swapped, truth, structure)]
    return Swaps(appearance, structure, swapped, truth, swap_error(*in_01))


def results_dict(figures: dict[str, RetrievalResult], error: SwapError | None) -> dict[str, Any]:
    """As written to `results.json`."""
    swap = {**asdict(error), "ratio": error.ratio} if error else None
    return {"retrieval": {name: asdict(result) for name, result in figures.items()}, "swap_error": swap}
