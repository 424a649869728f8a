"""What evaluation needs of a model and a data set: the features of the test images, and their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dgnet.config import ConfigError, DataConfig
from dgnet.data.records import Record
from dgnet.data.store.crop_index import CropIndex
from dgnet.data.store.crops import open_crops
from dgnet.data.store.packed import CropStore
from dgnet.experiment.data import HeldOut
from dgnet.experiment.models.find import RUN
from dgnet.files.cache import cache_root
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.features.extract import FeatureFunction, Float32Array, combine, extract
from dgnet.retrieval.features.queries import multi_query
from dgnet.retrieval.labels import Digests, SplitLabels, labels_of
from dgnet.retrieval.measure import SplitFeatures
from dgnet.retrieval.rows import BASELINE, BOTH, FINE, PRIM

FeaturesOf = Callable[[Sequence[Record], CropStore], dict[str, Float32Array]]


@dataclass(frozen=True)
class FeatureModel:
    """Any model that computes features of images.

    Args:
        name: its name in error messages.
        function: from images to features, by name.
        alpha: weight of f_fine's similarity relative to f_prim's, where it has both.
        size: (height, width) of the images that it takes.
        trained_on: name of the data set that it was trained on; empty where that is unknown.
        device: where it runs.
        cache: the folder where crops are kept; empty means the default folder.
        run: the RUN that it is, which may have been trained on some of what it is tested on; None for other models.
    """

    name: str
    function: FeatureFunction
    alpha: float
    size: tuple[int, int]
    trained_on: str
    device: torch.device
    cache: str = ""
    run: RUN | None = None


def features_by(teacher: Teacher | None, model: DGNet | None) -> FeatureFunction:
    """The features of dgnet's networks: `baseline` of the teacher, `f_prim` and `f_fine` of the model, where given."""

    def features(x: Tensor) -> dict[str, Tensor]:
        named = {BASELINE: teacher.features(x)} if teacher else {}
        if model:
            prim, fine = model.features(x)
            named |= {PRIM: prim, FINE: fine}
        return named

    return features


def features_of(network: DGNet | Teacher) -> FeatureFunction:
    """The features of one network: of a teacher `baseline`, of a model `f_prim` and `f_fine`."""
    return features_by(network, None) if isinstance(network, Teacher) else features_by(None, network)


def held_out_features(
    function: FeatureFunction,
    data: HeldOut,
    alpha: float,
    device: torch.device,
    multi: DataConfig | None = None,
    *,
    name: str = "",
) -> dict[str, SplitFeatures]:
    """Features of the queries and the gallery, by name; f_prim and f_fine together come last.

    Args:
        alpha: weight of f_fine's similarity relative to f_prim's.
        multi: settings of the data set, if multi-query features are wanted too; else None.
        name: the model's name in error messages.

    Raises:
        ConfigError: multi-query features are wanted, but the data set has no images or no cameras for them.
        EvaluationError: a feature is not finite; the message names the model, the feature and the image.
    """

    def of(records: Sequence[Record], crops: CropStore) -> dict[str, Float32Array]:
        return with_both(extract(function, crops, device=device, paths=[one.path for one in records]), alpha)

    try:
        joined = _multi_query_features(of, data, multi) if multi else {}
        query, gallery = of(data.dataset.query, data.query), of(data.dataset.gallery, data.gallery)
    except EvaluationError as error:
        raise EvaluationError(f"{name}: {error}" if name else str(error)) from error
    return {feature: SplitFeatures(query[feature], gallery[feature], joined.get(feature)) for feature in query}


def _multi_query_features(of: FeaturesOf, data: HeldOut, settings: DataConfig) -> dict[str, Float32Array]:
    """For each query, the mean feature of its person's multi-query images by its camera. Raises ConfigError."""
    records, labels = data.dataset.multi_query, held_out_labels(data)
    if not records or labels.query_camids is None:
        missing = "no multi-query images" if not records else "no cameras"
        raise ConfigError(f"multi_query: {data.dataset.name} in {data.dataset.root} has {missing}; leave it out")
    features = of(records, open_crops(records, settings.size, cache_root(settings.cache)))
    pids, camids = (np.array([getattr(record, field) for record in records]) for field in ("pid", "camid"))
    return {
        name: multi_query(feature, pids, camids, labels.query_pids, labels.query_camids).numpy()
        for name, feature in features.items()
    }


def with_both(features: dict[str, Float32Array], alpha: float) -> dict[str, Float32Array]:
    """The features, and `f_prim+f_fine` too where f_prim and f_fine are among them."""
    if not {PRIM, FINE} <= features.keys() or BOTH in features:
        return features
    return features | {BOTH: combine(features[PRIM], features[FINE], alpha)}


def held_out_labels(data: HeldOut) -> SplitLabels:
    """The pids and cameras of the queries and the gallery, and which images are in both."""
    query, gallery = _contents(data.query), _contents(data.gallery)
    return labels_of(data.dataset, None if query is None or gallery is None else (query, gallery))


def _contents(store: CropStore) -> Digests | None:
    index = CropIndex.read(store.path.parent / "index.npz")
    return index.digests if index and len(index.digests) == len(store) else None
