"""The report of a run: its pictures, figures, facts and notes."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dgnet import __version__
from dgnet.config import RunConfig
from dgnet.experiment.data import HeldOut
from dgnet.experiment.evaluation.budgets import as_taught, budgets
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.images import ImagesU8
from dgnet.generation.interpolate import interpolate
from dgnet.generation.swap import swap_matrix
from dgnet.models.dgnet import DGNet
from dgnet.quality.generated import Generated
from dgnet.quality.true_swaps import Swaps
from dgnet.report.part import Part
from dgnet.report.parts.galleries.cameras import Cameras
from dgnet.report.parts.galleries.groups import QueryGroups
from dgnet.report.parts.galleries.ranked import RankedGalleries, RankedQuery, ranked_queries
from dgnet.report.parts.galleries.retrieval import RetrievalFigures
from dgnet.report.parts.galleries.transfer import Transfer
from dgnet.report.parts.galleries.verification import Verification
from dgnet.report.parts.swaps.consistency import Consistency
from dgnet.report.parts.swaps.grid import SwapGrid
from dgnet.report.parts.swaps.interpolation import Interpolation, Interpolations
from dgnet.report.parts.swaps.realism import RealismAndDiversity
from dgnet.report.parts.swaps.truth import AgainstTruth, TrueSwaps
from dgnet.report.parts.training import Training
from dgnet.report.published import dataset_title
from dgnet.report.report import Report
from dgnet.retrieval.features.light import luminance
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import Retrieval, SplitFeatures
from dgnet.retrieval.ranking.groups import by_group, thirds
from dgnet.retrieval.rows import BASELINE, BOTH, REFERENCES, Row
from dgnet.training.log import read_log

GRID = 8
NUM_TRUE_SWAPS = 12
FEWEST_FOR_LIGHT = 30  # queries, ten in each third


def showcase(data: HeldOut, count: int) -> tuple[ImagesU8, ImagesU8]:
    """Query images to draw swaps of: `count` that give appearance, and `count` of other people that give structure.

    The people are spread evenly over the sorted pids, so every run on the data set shows the same ones at every step.
    One pair of people after another is shown by its first, second, third ... query image, for different backgrounds.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(data.dataset.query):
        places[record.pid].append(place)
    pids = [sorted(places)[i] for i in np.linspace(0, len(places) - 1, min(2 * count, len(places))).round().astype(int)]
    chosen = [places[pid][(turn // 2) % len(places[pid])] for turn, pid in enumerate(pids)]
    return data.query[chosen[::2]], data.query[chosen[1::2] or chosen]


def machine() -> str:
    """The GPU, or the processor and its threads; and torch's version."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def common_facts() -> list[tuple[str, str]]:
    """The facts that every page has: the machine, the command and dgnet's version."""
    return [("machine", machine()), ("command", " ".join(["dgnet", *sys.argv[1:]])), ("dgnet", __version__)]


@dataclass(frozen=True)
class Measured:
    """What was measured of one run: features, retrieval and, where its model can draw, swaps; and sentences on it."""

    features: Mapping[str, SplitFeatures]
    labels: SplitLabels
    retrieval: Retrieval
    swaps: Swaps | None
    generated: Generated
    notes: tuple[str, ...] = ()


def build_report(
    config: RunConfig, run: Path | None, data: HeldOut, model: DGNet | None, measured: Measured, trained_on: str
) -> Report:
    """The report on one run, or on a model without a run's folder.

    Args:
        run: the run's folder, whose training log is shown; None where there is none.
        trained_on: name of the data set that it was trained on; in direct transfer it differs from that of `data`.
    """
    retrieval, generated = measured.retrieval, measured.generated
    transferred = trained_on != data.dataset.name
    config = as_taught(config, run)
    log = read_log(RunFolder(run).log) if run else []
    # In direct transfer, the published figures of direct transfer are shown, not those of a model trained on `data`.
    shown = retrieval_parts(retrieval, "" if transferred else data.dataset.name)
    shown.append(query_groups(retrieval, measured.labels, data))
    if transferred:
        shown.append(Transfer({data.dataset.name: retrieval.figures}, trained_on, protocol=retrieval.protocol))
    return Report(
        title=f"{config.preset}, seed {config.seed}" + (f", on {data.dataset.name}" if transferred else ""),
        facts=run_facts(config, data, log if run else None, trained_on),
        parts=[
            *([swap_grid(model, data)] if model else []),
            *([against_truth(measured.swaps)] if measured.swaps else []),
            *([interpolations(model, data)] if model else []),
            Consistency(generated.identity, generated.structure),
            RealismAndDiversity(generated.realism, generated.diversity),
            *shown,
            RankedGalleries(ranked(measured.features, measured.labels, retrieval, data)),
            Training(log),
        ],
        notes=[*data.dataset.notes, *measured.notes, *retrieval_notes(retrieval), *similarity_notes(config, retrieval)],
        doubts=retrieval.doubts,
    )


def run_facts(
    config: RunConfig, data: HeldOut, log: Sequence[Mapping[str, Any]] | None, trained_on: str
) -> list[tuple[str, str]]:
    """The facts at the top of a page. `data` may have no training images.

    `log` is the run's; None for a model's file alone, which says neither on which images it was trained nor how long.
    """
    height, width = config.data.size
    transferred, dataset = trained_on != data.dataset.name, data.dataset
    num_images, num_people = len(dataset.train), len(dataset.labels())
    training = f"{num_images} images of {num_people} people of {dataset.trained_on} at {height} × {width}"
    adapted = any(row["phase"] == "adapt" for row in log or ())
    if adapted:
        training = f"{num_images} images of {dataset.trained_on} at {height} × {width}, without labels (adapted)"
    elif transferred or not num_images or log is None:
        training = f"{dataset_title(trained_on)}, at {height} × {width}"
    tested = f"{len(data.query)} queries, {len(data.gallery)} gallery images"
    return [
        ("preset", config.preset),
        ("data set", dataset.name),
        ("training", training),
        ("testing", tested + (", of people never trained on" if num_images and log is not None else "")),
        *([] if log is None else time_facts(config, log)),
        ("seed", str(config.seed)),
        *common_facts(),
    ]


def time_facts(config: RunConfig, log: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """How many steps a run took, and how long."""
    seconds = {
        phase: max(row["seconds"] for row in log if row["phase"] == phase) for phase in {r["phase"] for r in log}
    }
    steps = f"{config.teacher.steps} teacher, {config.schedule.steps if config.joint else 0} joint"
    if "adapt" in seconds:
        steps = f"{max(row['step'] for row in log if row['phase'] == 'adapt')} of adaptation"
    return [
        ("steps", steps),
        ("time", ", ".join(f"{value / 60:.1f} min {name}" for name, value in sorted(seconds.items())) or "unknown"),
    ]


def swap_grid(model: DGNet, data: HeldOut) -> SwapGrid:
    """A grid of swaps between test people."""
    givers, wearers = showcase(data, GRID)
    return SwapGrid(givers, wearers, swap_matrix(model, givers, wearers))


def interpolations(model: DGNet, data: HeldOut) -> Interpolations:
    """Up to three interpolations between the appearances of test people."""
    givers, wearers = showcase(data, GRID)
    strips = []
    for k in range(min(3, len(givers) - 1, len(wearers))):
        frames = interpolate(model, givers[k], givers[k + 1], wearers[k])
        strips.append(Interpolation(start=givers[k], frames=frames, end=givers[k + 1], structure=wearers[k]))
    return Interpolations(strips)


def against_truth(swaps: Swaps) -> AgainstTruth:
    """The error of all swaps whose true image is known, with NUM_TRUE_SWAPS of them as examples."""
    some = np.linspace(0, len(swaps.truth) - 1, min(NUM_TRUE_SWAPS, len(swaps.truth))).astype(int)
    examples = TrueSwaps(swaps.appearance[some], swaps.structure[some], swaps.swapped[some], swaps.truth[some])
    return AgainstTruth(swaps.error, swaps.pasted, examples)


def retrieval_parts(found: Retrieval, dataset: str = "") -> list[Part]:
    """The report's parts on ranked galleries; `dataset` is as in `RetrievalFigures`."""
    parts: list[Part] = [RetrievalFigures(found.figures, dataset, found.cmc_curves, found.protocol)]
    parts += [Verification(found.verification)] if found.verification else []
    return parts + ([Cameras(found.cameras)] if found.cameras else [])


def query_groups(found: Retrieval, labels: SplitLabels, data: HeldOut) -> QueryGroups:
    """Figures by the query's camera and by its light: of the row that stands for the model, and of REFERENCES."""
    rows = [found.headline, *(row for row in map(Row, REFERENCES) if row in found.figures and row != found.headline)]
    by_camera, by_light = {}, {}
    if labels.query_camids is not None:
        cameras, group = np.unique(labels.query_camids, return_inverse=True)
        names = [str(camera) for camera in cameras]
        by_camera = {row: by_group(found.ranks[row], labels.query_pids, group, names) for row in rows}
    if len(data.query) >= FEWEST_FOR_LIGHT:
        third, (low, high) = thirds(luminance(data.query))
        names = [f"dark, below {low:.2f}", f"middle, to {high:.2f}", f"light, {high:.2f} and above"]
        by_light = {row: by_group(found.ranks[row], labels.query_pids, third, names) for row in rows}
    return QueryGroups(by_camera, by_light)


def ranked(
    features: Mapping[str, SplitFeatures], labels: SplitLabels, retrieval: Retrieval, data: HeldOut
) -> dict[str, list[RankedQuery]]:
    """Pictures of galleries, ranked by the headline's feature."""
    row, paths = retrieval.headline, [record.path for record in data.dataset.query]
    return ranked_queries(features[row.feature], retrieval.ranks[row], labels, (data.query, data.gallery), paths)


def retrieval_notes(found: Retrieval) -> list[str]:
    """Sentences that a reader needs in order to trust and compare the retrieval figures."""
    said = list(found.notes)
    result = found.figures[found.headline]
    left_out = result.num_query - result.num_valid
    if left_out:
        fate = "are left out" if result.denominator == "valid" else "score 0"
        where = "in another camera" if result.same_camera_filtering else "in the gallery"
        said.append(f"Of {result.num_query} queries, {left_out} without a true match {where} {fate}.")
    if not result.same_camera_filtering and not found.protocol.same_camera:
        said.append("Cameras are unknown: same-camera matches could not be left out, so figures are optimistic.")
    return said


def similarity_notes(config: RunConfig, retrieval: Retrieval) -> list[str]:
    """A sentence on the similarity by both features; where the Baseline stands beside, on the images that each saw."""
    if Row(BOTH) not in retrieval.figures:
        return []
    said = f"Similarity by both features is ⟨f_prim, f_prim'⟩ + {config.alpha} ⟨f_fine, f_fine'⟩."
    if Row(BASELINE) not in retrieval.figures:
        return [said]
    return [f"{budgets(config)} {said}"]
