"""Measuring what lies in a run's folder, and its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from dgnet.config import RunConfig
from dgnet.experiment.data import HeldOut
from dgnet.experiment.generated import Generated, measure_generated
from dgnet.experiment.measure import describe_by, describe_held_out, measure_swaps
from dgnet.experiment.present import Measured, build_report
from dgnet.experiment.publish import Published, publish
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.models.weights.ours import load_model, load_teacher
from dgnet.retrieval.protocol import Protocol, labels_of, measure_retrieval


@dataclass(frozen=True)
class Measures:
    """What is measured beside the plain protocol.

    Args:
        protocol: how galleries are ranked.
        inception: weights for FID and KID; `download` fetches them (`dgnet evaluate`); None leaves them out.
        lpips: diversity by LPIPS too.
    """

    protocol: Protocol = field(default_factory=Protocol)
    inception: Path | None = None
    lpips: bool = False


def evaluate_run(
    config: RunConfig,
    data: HeldOut,
    run: Path,
    out: Path,
    device: torch.device,
    measures: Measures = Measures(),
    trained_on: str = "",
) -> Published:
    """Measure what lies in a run's folder; write `results.json`, `tables/` and `report.html` into `out`.

    Args:
        trained_on: name of the data set that the run was trained on, where it is not `data`.
    """
    teacher, model = networks_of(run, device)
    multi = config.data if measures.protocol.multi_query else None
    describe = describe_by(teacher, model)
    rows = describe_held_out(describe, data, config.alpha, device, multi)
    retrieval = measure_retrieval(rows, labels_of(data.dataset), measures.protocol)
    swaps, generated = None, Generated()
    if model:
        swaps = measure_swaps(model, data, config.data.cache)
        judge = next(iter(rows))  # the Baseline, where there is one: G was not trained against it
        generated = measure_generated(
            model, describe, judge, rows, data, inception=measures.inception, lpips=measures.lpips
        )
    measured = Measured(rows, retrieval, swaps, generated)
    return publish(build_report(config, run, data, model, measured, trained_on or data.dataset.name), out)


def networks_of(run: Path, device: torch.device) -> tuple[Teacher | None, DGNet | None]:
    """The teacher and the model in a run's folder, those that are there.

    Raises:
        WeightsError: neither is.
    """
    folder = RunFolder(run)
    teacher = place(load_teacher(folder.teacher).model, device) if folder.teacher.exists() else None
    model = place(load_model(folder.model).model, device) if folder.model.exists() else None
    if teacher is None and model is None:
        names = f"neither {folder.model.name} nor {folder.teacher.name} here"
        raise WeightsError(f"{run}: {names}; give the folder of a run that has finished")
    return teacher, model
