"""`dgnet whiten`: features in which what varies within people counts less, learnt from labelled people in a minute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from dgnet.config import ConfigError, DataConfig
from dgnet.config.data import name_and_root
from dgnet.data.store.memory import keep_freed_memory
from dgnet.experiment.data import tell_notes
from dgnet.experiment.evaluation.features import features_of
from dgnet.experiment.models.find import RUN, find, find_network
from dgnet.experiment.own_data import read_as_trained
from dgnet.experiment.stores import open_readable
from dgnet.files.outputs import check_output_file
from dgnet.models.appearance import Head, Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel, save_model, save_teacher, without_figures
from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.features.extract import ImageStore, extract
from dgnet.retrieval.rows import BASELINE, FINE, PRIM
from dgnet.retrieval.whitening import whitening


def whiten_run(run: RUN, data: str, out: Path, *, ridge: float, device: str = "auto", cache: str = "") -> str:
    """Whiten a model's features by labelled people and write it to the file `out`; returns what was done in words.

    Args:
        run: a model, or a Baseline, as `find_network` takes it.
        data: NAME=DIR, or DIR; its training images are taken, those of RUN where it was trained on them.
        out: the file to write or replace, `.safetensors`.
        ridge: of `whitening`.
        device: where features are computed.
        cache: where crops are kept; empty means the default folder.

    Raises:
        DgnetError: RUN or DATA is not what it must be, nobody is labelled, or `out` cannot be written.
    """
    keep_freed_memory()
    if not ridge > 0 or not np.isfinite(ridge):
        raise ConfigError(f"--ridge: found {ridge}, must be above 0")
    _check_out(out, run)
    loaded = find_network(run)
    name, root = name_and_root("DATA", data)
    settings = DataConfig(name=name, root=root, size=loaded.config.data.size, cache=cache)
    dataset = read_as_trained(run, settings)
    tell_notes(dataset)
    if not dataset.labelled:
        raise ConfigError(
            f"DATA: nobody says who is on the images of {data}, and what varies within people is learnt from "
            "labelled ones; `dgnet adapt` learns from images without labels"
        )
    train, crops = open_readable(dataset.train, settings)
    pids = np.array([record.pid for record in train], dtype=np.int64)
    whiten(loaded.model, crops, pids, ridge=ridge, device=pick_device(device))
    about = f"{len(pids)} images of {len(np.unique(pids))} people of {dataset.name}"
    trained_on = f"{loaded.card.get('trained on', 'unknown')}; whitened by {dataset.trained_on}"
    _save(out, loaded, {**without_figures(loaded.card), "whitened by": about, "trained on": trained_on})
    return about


def unwhiten_run(run: RUN, out: Path) -> None:
    """Write a model or a Baseline, as `find_network` takes it, to the file `out` without the whitening that it has.

    Raises DgnetError: it is not whitened, there is no such network, or `out` cannot be written.
    """
    _check_out(out, run)
    loaded = find_network(run)
    if all(head.whitening is None for head in heads_by_feature(loaded.model).values()):
        raise ConfigError(f"--undo: the features of {run} are not whitened")
    unwhiten(loaded.model)
    _save(out, loaded, without_figures(loaded.card, "whitened by"))


def whiten(model: DGNet | Teacher, crops: ImageStore, pids: Int64Array, *, ridge: float, device: torch.device) -> None:
    """Give each head the W of `whitening` for its feature, in place of one that it may have; `model` moves to `device`.

    Raises EvaluationError where too few people come twice.
    """
    unwhiten(model.to(device).eval())
    features = extract(features_of(model), crops, device=device)
    for name, head in heads_by_feature(model).items():
        head.whitening = torch.from_numpy(whitening(features[name], pids, ridge)).float().to(device)


def unwhiten(model: DGNet | Teacher) -> None:
    """Take the whitening of all heads away."""
    for head in heads_by_feature(model).values():
        head.whitening = None


def heads_by_feature(model: DGNet | Teacher) -> dict[str, Head]:
    """The heads, by the names of their features."""
    if isinstance(model, Teacher):
        return {BASELINE: model.head}
    return {PRIM: model.appearance_encoder.prim, FINE: model.appearance_encoder.fine}


def _check_out(out: Path, run: RUN) -> None:
    """Raise OutputError where `out` cannot be written or is one of RUN's files. Raises WeightsError as `find` does."""
    found = find(run)
    inputs = [one for one in (found.model, found.teacher) if one]
    check_output_file(out, "--out", suffixes=(".safetensors",), inputs=[run, *inputs])


def _save(out: Path, loaded: LoadedModel[DGNet] | LoadedModel[Teacher], card: dict[str, str]) -> None:
    if isinstance(loaded.model, Teacher):
        save_teacher(out, loaded.model, loaded.config, card)
    else:
        save_model(out, loaded.model, loaded.config, card)
