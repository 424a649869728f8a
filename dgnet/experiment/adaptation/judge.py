"""Figures of adaptation by labels that it does not read: clusters beside identities, and retrieval of test people."""

from __future__ import annotations

import torch

from dgnet.experiment.adaptation.images import AdaptData
from dgnet.experiment.data import HeldOut
from dgnet.experiment.evaluation.features import features_of, held_out_features, held_out_labels
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.retrieval.clustering.agreement import agreement
from dgnet.retrieval.clustering.dbscan import Clustering
from dgnet.retrieval.features.extract import FeatureFunction
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import Row
from dgnet.training.adaptation.features import Describer, heads_of


def judge(
    data: AdaptData, network: Describer, found: Clustering, alpha: float, device: torch.device
) -> dict[str, float]:
    """mAP (AP step) on test people, purity and the adjusted Rand index (`rand`); those for which there are labels."""
    figures: dict[str, float] = {}
    if data.held_out:
        figures["map"] = map_of(lambda x: heads_of(network, x), data.held_out, alpha, device)
    if data.truth is not None:
        agreed = agreement(found.labels, data.truth)
        figures |= {"purity": agreed.purity, "rand": agreed.rand}
    return figures


def map_in_use(model: DGNet | Teacher, data: AdaptData, alpha: float, device: torch.device) -> float | None:
    """mAP (AP step) on test people by the features that searches rank by, whitened where the model is; None without.

    The model is moved to the device.
    """
    return map_of(features_of(model.to(device).eval()), data.held_out, alpha, device) if data.held_out else None


def map_of(function: FeatureFunction, held_out: HeldOut, alpha: float, device: torch.device) -> float:
    """mAP (AP step) on test people, by f_prim and f_fine together, or by a Baseline's feature."""
    every = held_out_features(function, held_out, alpha, device)
    name = list(every)[-1]
    measured = measure_retrieval({name: every[name]}, held_out_labels(held_out), Protocol(), detailed=False)
    return float(measured.figures[Row(name)].map_step)
