"""Measuring the networks of a run, or of a model's file, and making the report."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.data import HeldOut
from dgnet.experiment.evaluation.baselines import also_baselines
from dgnet.experiment.evaluation.features import features_by, held_out_features, held_out_labels
from dgnet.experiment.evaluation.outputs import Evaluated
from dgnet.experiment.evaluation.present import Measured, build_report
from dgnet.experiment.evaluation.publish import Published, publish
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.cache import cache_root
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_model, load_teacher
from dgnet.quality.generated import Generated, measure_generated
from dgnet.quality.true_swaps import measure_swaps
from dgnet.report.report import Report
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import USUAL, Protocol

logger = logging.getLogger(__name__)
USUAL_NUMBERS = (USUAL.k1, USUAL.k2, USUAL.lambda_)


@dataclass(frozen=True)
class Measures:
    """How galleries are ranked, and which optional measures are taken.

    Args:
        protocol: how galleries are ranked.
        inception: file of the weights for FID and KID; None leaves both out. `dgnet evaluate` replaces `download` by
            the file that it downloads.
        lpips: measure diversity by LPIPS too.
        baselines: rank by a colour histogram and by the bare ImageNet backbone too (`baselines.also_baselines`).
    """

    protocol: Protocol = field(default_factory=Protocol)
    inception: Path | None = None
    lpips: bool = False
    baselines: bool = False

    def words(self) -> tuple[str, ...]:
        """A word for each rule or measure that is not the default; they become part of a folder's name."""
        rules = self.protocol
        numbers = (rules.k1, rules.k2, rules.lambda_)
        reranked = "re-ranked" + (f"-{rules.k1}-{rules.k2}-{rules.lambda_:g}" if numbers != USUAL_NUMBERS else "")
        words = {
            "multi-query": rules.multi_query,
            "camera-means": rules.camera_means,
            f"expanded-{rules.expand}": rules.expand,
            reranked: rules.rerank,
            "all-queries": rules.denominator == "all",
            "same-camera": rules.same_camera,
            "first-queries": rules.queries == "first",
            "fid": self.inception,
            "lpips": self.lpips,
            "baselines": self.baselines,
        }
        return tuple(word for word, asked in words.items() if asked)


def evaluate_run(config: RunConfig, data: HeldOut, run: Path, out: Path, device: torch.device) -> Published:
    """Take a run's default measures on its own data; write `results.json`, `tables/` and `report.html` into `out`."""
    teacher, model = networks_of(run, device)
    report = run_report(config, data, teacher, model, device, Measures(), run=run)
    for sentence in report.doubts:
        logger.warning("%s", sentence)
    return publish(report, out, Evaluated((os.path.realpath(run),)))


def run_report(
    config: RunConfig,
    data: HeldOut,
    teacher: Teacher | None,
    model: DGNet | None,
    device: torch.device,
    measures: Measures,
    trained_on: str = "",
    run: Path | None = None,
) -> Report:
    """Measure a teacher, a model, or both, and report.

    Args:
        config: the configuration they were trained with, but with the data set to measure them on.
        trained_on: name of the data set that they were trained on; empty where that is `data`.
        run: the run's folder, where there is one.
    """
    protocol = measures.protocol
    function = features_by(teacher, model)
    multi = config.data if protocol.multi_query else None
    features = held_out_features(function, data, config.alpha, device, multi, name=str(run or config.preset))
    labels = held_out_labels(data)
    labels = labels.without_cameras() if protocol.same_camera else labels
    beside, said = also_baselines(data, config.data, device) if measures.baselines else ({}, [])
    retrieval = measure_retrieval({**features, **beside}, labels, protocol)
    swaps, generated = None, Generated()
    if model:
        swaps = measure_swaps(model, data.dataset.root, data.query.size, cache_root(config.data.cache))
        judge = next(iter(features))  # the Baseline, where there is one: G was not trained against it
        crops = data.query, data.gallery
        generated = measure_generated(
            model, function, judge, features[judge], labels, crops, inception=measures.inception, lpips=measures.lpips
        )
    measured = Measured(features, labels, retrieval, swaps, generated, tuple(said))
    return build_report(config, run, data, model, measured, trained_on or data.dataset.name)


def networks_of(run: Path, device: torch.device) -> tuple[Teacher | None, DGNet | None]:
    """The teacher and the model in a run's folder; None for one that is not there.

    Raises:
        WeightsError: neither is there.
    """
    folder = RunFolder(run)
    teacher = place(load_teacher(folder.teacher).model, device) if folder.teacher.exists() else None
    model = place(load_model(folder.model).model, device) if folder.model.exists() else None
    if teacher is None and model is None:
        names = f"neither {folder.model.name} nor {folder.teacher.name} here"
        raise WeightsError(f"{run}: {names}; give the folder of a run that has finished")
    return teacher, model
