"""Measuring a run while it trains, and keeping the best model it has had."""

from __future__ import annotations

from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.measure import features_by, held_out_features, held_out_labels
from dgnet.experiment.setup import ExperimentData
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import BOTH, Row

BEST = "best.safetensors"


def keep_best(
    out: Path, model: DGNet, step: int, config: RunConfig, data: ExperimentData, device: torch.device
) -> float:
    """mAP (`step`, of both features together) of a model in eval mode; it replaces `best.safetensors` if that is worse.

    The best so far is read from that file, so a resumed run keeps what the one before it had found. The test people
    choose it: what it scores on them flatters it, and tables are made of `model.safetensors`, the last.
    """
    features = held_out_features(features_by(None, model), data, config.alpha, device)
    measured = measure_retrieval({BOTH: features[BOTH]}, held_out_labels(data), Protocol(), detailed=False)
    score = float(measured.figures[Row(BOTH)].map_step)
    path = out / BEST
    if not path.exists() or score > float(load_model(path).card["map"]):
        card = {"trained on": data.dataset.name, "preset": config.preset, "step": str(step), "map": f"{score:.6f}"}
        save_model(path, model, config, card=card)
    return score
