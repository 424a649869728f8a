"""Measuring a run while it trains, and keeping the best model it has had."""

from __future__ import annotations

from dgnet.experiment.evaluation.features import features_by, held_out_features, held_out_labels
from dgnet.experiment.training.run import Run
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import BOTH, Row


def keep_best(run: Run, model: DGNet, step: int) -> float:
    """mAP (`step`, of both features together) of a model in eval mode; it replaces `best.safetensors` if that is worse.

    The best so far is read from that file, so a resumed run keeps what the one before it had found. The test people
    choose it: what it scores on them flatters it, and tables are made of `model.safetensors`, the last.
    """
    features = held_out_features(features_by(None, model), run.data, run.config.alpha, run.device)
    measured = measure_retrieval({BOTH: features[BOTH]}, held_out_labels(run.data), Protocol(), detailed=False)
    score = float(measured.figures[Row(BOTH)].map_step)
    path = run.folder.best
    if not path.exists() or score > float(load_model(path).card["map"]):
        save_model(path, model, run.config, card={**run.card(), "step": str(step), "map": f"{score:.6f}"})
    return score
