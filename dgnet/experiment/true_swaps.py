"""The true swaps of training images that a run learns from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from dgnet.config import ConfigError, DataConfig
from dgnet.data.batches.pairs import Indices
from dgnet.data.records import Record, ReidDataset
from dgnet.experiment.stores import open_store
from dgnet.mannequin.swaps import TRAIN_SWAPS_FILE, SwapTargetsError, swap_targets
from dgnet.training.true_swap_feed import TrueSwapCrops


def open_true_swaps(settings: DataConfig, datasets: Sequence[ReidDataset], records: Sequence[Record]) -> TrueSwapCrops:
    """The true swaps that the data sets list; `records` are those of the training images.

    Raises:
        ConfigError: none of the data sets lists any.
        SwapTargetsError: a list is malformed, or names an image that is not trained on.
    """
    lists = [dataset.root / TRAIN_SWAPS_FILE for dataset in datasets]
    swaps = [swap for path in lists if path.is_file() for swap in swap_targets(path.parent, path.name)]
    if not swaps:
        raise ConfigError(
            f"loss.true_swap: {' and '.join(map(str, lists))} is not there, so there are no true swaps to learn from; "
            "render people with them (dgnet data mannequin --train_swaps 8000), or leave the weight at 0"
        )
    index_of = {os.path.abspath(record.path): index for index, record in enumerate(records)}
    return TrueSwapCrops(
        truth=open_store(tuple(Record(swap.target, 0, 0) for swap in swaps), settings),
        appearance=_indices([swap.appearance for swap in swaps], index_of),
        structure=_indices([swap.structure for swap in swaps], index_of),
    )


def _indices(paths: Sequence[str], index_of: Mapping[str, int]) -> Indices:
    found = [index_of.get(os.path.abspath(path)) for path in paths]
    for path, index in zip(paths, found, strict=True):
        if index is None:
            raise SwapTargetsError(f"{TRAIN_SWAPS_FILE}: {path} is no training image")
    return np.array(found, dtype=np.int64)
