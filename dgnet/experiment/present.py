"""Presenting a run: the pictures and figures of its report."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dgnet import __version__
from dgnet.config import RunConfig
from dgnet.experiment.data import HeldOut
from dgnet.experiment.generated import Generated
from dgnet.experiment.measure import Swaps
from dgnet.experiment.ranked import ranked_rows
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.images import ImagesU8
from dgnet.generation.interpolate import interpolate
from dgnet.generation.swap import swap_matrix
from dgnet.models.dgnet import DGNet
from dgnet.report.pictures import Interpolation, SwapGrid, TrueSwaps
from dgnet.report.published import dataset_title
from dgnet.report.report import Report
from dgnet.retrieval.protocol import Retrieval, SplitFeatures
from dgnet.retrieval.ranking import RetrievalResult
from dgnet.training.log import read_log

GRID = 8
NUM_TRUE_SWAPS = 12


def showcase(data: HeldOut, count: int) -> tuple[ImagesU8, ImagesU8]:
    """Test people to draw: `count` who give their clothes and `count` others who give structure, spread over the set.

    Identities come in the order of their pids, each by another of its cameras than the one before, so the same
    people are shown at every step and in every run, against different backgrounds.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(data.dataset.query):
        places[record.pid].append(place)
    pids = [sorted(places)[i] for i in np.linspace(0, len(places) - 1, min(2 * count, len(places))).round().astype(int)]
    chosen = [places[pid][(turn // 2) % len(places[pid])] for turn, pid in enumerate(pids)]
    return data.query[chosen[::2]], data.query[chosen[1::2] or chosen]


def machine() -> str:
    """The processor or GPU, and the versions that matter."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def common_facts() -> list[tuple[str, str]]:
    """What every page says of where it was made."""
    return [("machine", machine()), ("command", " ".join(["dgnet", *sys.argv[1:]])), ("dgnet", __version__)]


@dataclass(frozen=True)
class Measured:
    """What was measured of one run: features, retrieval, and of a run that draws people its swaps."""

    rows: Mapping[str, SplitFeatures]
    retrieval: Retrieval
    swaps: Swaps | None
    generated: Generated


def build_report(
    config: RunConfig, out: Path, data: HeldOut, model: DGNet | None, measured: Measured, trained_on: str
) -> Report:
    """Everything the page shows of one run.

    Args:
        out: the run's folder, for its log.
        trained_on: name of the data set that it was trained on, which is not `data` in direct transfer.
    """
    swaps, retrieval, generated = measured.swaps, measured.retrieval, measured.generated
    transferred = trained_on != data.dataset.name
    log = read_log(RunFolder(out).log)
    seconds = {
        phase: max(row["seconds"] for row in log if row["phase"] == phase) for phase in {r["phase"] for r in log}
    }
    height, width = config.data.size
    num_images, num_people = len(data.dataset.train), len(data.dataset.labels())
    training = f"{num_images} images of {num_people} people of {data.dataset.trained_on} at {height} × {width}"
    if transferred:
        training = f"{dataset_title(trained_on)}, at {height} × {width}"
    facts = [
        ("preset", config.preset),
        ("data set", data.dataset.name),
        ("training", training),
        ("testing", f"{len(data.query)} queries, {len(data.gallery)} gallery images, of people never trained on"),
        ("steps", f"{config.teacher.steps} teacher, {config.schedule.steps if config.joint else 0} joint"),
        ("time", ", ".join(f"{value / 60:.1f} min {name}" for name, value in sorted(seconds.items())) or "unknown"),
        ("seed", str(config.seed)),
        *common_facts(),
    ]
    grid = None
    interpolations = []
    if model:
        givers, wearers = showcase(data, GRID)
        grid = SwapGrid(givers, wearers, swap_matrix(model, givers, wearers))
        for k in range(min(3, len(givers) - 1, len(wearers))):
            frames = interpolate(model, givers[k], givers[k + 1], wearers[k])
            interpolations.append(
                Interpolation(start=givers[k], frames=frames, end=givers[k + 1], structure=wearers[k])
            )
    true_swaps = None
    if swaps:
        some = np.linspace(0, len(swaps.truth) - 1, min(NUM_TRUE_SWAPS, len(swaps.truth))).astype(int)
        true_swaps = TrueSwaps(swaps.appearance[some], swaps.structure[some], swaps.swapped[some], swaps.truth[some])
    return Report(
        title=f"{config.preset}, seed {config.seed}" + (f", on {data.dataset.name}" if transferred else ""),
        facts=facts,
        # A model's figures on data it never saw stand beside those of direct transfer, not of training on that data.
        dataset=None if transferred else data.dataset.name,
        retrieval=retrieval.figures,
        transfer={data.dataset.name: retrieval.figures} if transferred else {},
        trained_on=trained_on,
        cmc_curves=retrieval.cmc_curves,
        verification=retrieval.verification,
        cameras=retrieval.cameras,
        swap_error=swaps.error if swaps else None,
        pasted_error=swaps.pasted if swaps else None,
        identity=generated.identity,
        structure=generated.structure,
        diversity=generated.diversity,
        realism=generated.realism,
        swap_grid=grid,
        true_swaps=true_swaps,
        interpolations=interpolations,
        ranked=ranked_rows(measured.rows[retrieval.headline], retrieval.ranks[retrieval.headline], data),
        log=log,
        notes=[*data.dataset.notes, *retrieval_notes(retrieval.figures), *budget_notes(config)],
    )


def retrieval_notes(figures: Mapping[str, RetrievalResult]) -> list[str]:
    """What a reader must know to trust or compare the figures of retrieval."""
    said = []
    result = next(iter(figures.values()))
    left_out = result.num_query - result.num_valid
    if left_out:
        fate = "are left out" if result.denominator == "valid" else "score 0"
        where = "in another camera" if result.same_camera_filtering else "in the gallery"
        said.append(f"Of {result.num_query} queries, {left_out} without a true match {where} {fate}.")
    if not result.same_camera_filtering:
        said.append("Cameras are unknown: same-camera matches could not be left out, so figures are optimistic.")
    return said


def budget_notes(config: RunConfig) -> list[str]:
    """What the Baseline and the re-id model were each given, and how their features are compared."""
    if not config.joint:
        return []
    baseline, real = config.teacher, 4 * config.batch_size
    said = f"Equal budgets: the Baseline saw {baseline.steps} × {baseline.batch_size} real images, "
    said += f"E_a {config.schedule.steps} × {real}; "
    return [f"{said}similarity is ⟨f_prim, f_prim'⟩ + {config.alpha} ⟨f_fine, f_fine'⟩."]
