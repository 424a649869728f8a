"""Measuring the model during training, and keeping the best one."""

from __future__ import annotations

from dgnet.experiment.evaluation.features import features_by, held_out_features, held_out_labels
from dgnet.experiment.training.cards import model_card
from dgnet.experiment.training.run import Run
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, load_model, save_model
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import BOTH, Row


def keep_best(run: Run, model: DGNet, step: int, start: LoadedModel[DGNet] | None) -> float:
    """Measure a model in eval mode, save it as `best.safetensors` if it is better than the one there, and return mAP.

    The mAP is AP step of f_prim and f_fine together. The mAP to beat is read from that file, so a resumed run keeps the
    best model of the earlier part. Because the best model is chosen on the test people, its figures on them are too
    good; tables are made from `model.safetensors`, the last model.

    Args:
        run: the run.
        model: in eval mode.
        step: how many steps it was trained for.
        start: what `config.start` names.
    """
    features = held_out_features(features_by(None, model), run.data, run.config.alpha, run.device)
    measured = measure_retrieval({BOTH: features[BOTH]}, held_out_labels(run.data), Protocol(), detailed=False)
    score = float(measured.figures[Row(BOTH)].map_step)
    path = run.folder.best
    if not path.exists() or score > float(load_model(path).card["map"]):
        save_model(path, model, run.config, card={**model_card(run, start), "step": str(step), "map": f"{score:.6f}"})
    return score
