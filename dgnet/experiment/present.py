"""Presenting a run: the pictures and figures of its report."""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from dgnet import __version__
from dgnet.config import RunConfig
from dgnet.evaluation.pictures import Interpolation, RankedQuery, SwapGrid, TrueSwaps
from dgnet.evaluation.ranking import RetrievalResult
from dgnet.evaluation.report import Report
from dgnet.experiment.measure import SplitFeatures, Swaps
from dgnet.experiment.setup import ExperimentData
from dgnet.generation.interpolate import interpolate
from dgnet.generation.swap import Images, swap_matrix
from dgnet.models.dgnet import DGNet
from dgnet.training.log import read_log

GRID = 8
NUM_TRUE_SWAPS = 12
NUM_RANKED = 5
TOP = 10


def showcase(data: ExperimentData, count: int) -> tuple[Images, Images]:
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


def build_report(
    config: RunConfig,
    out: Path,
    data: ExperimentData,
    model: DGNet | None,
    rows: Mapping[str, SplitFeatures],
    figures: Mapping[str, RetrievalResult],
    swaps: Swaps | None,
) -> Report:
    """Everything the page shows of one run."""
    log = read_log(out / "log.jsonl")
    seconds = {
        phase: max(row["seconds"] for row in log if row["phase"] == phase) for phase in {r["phase"] for r in log}
    }
    height, width = config.data.size
    facts = [
        ("preset", config.preset),
        ("data set", data.dataset.name),
        (
            "training",
            f"{len(data.train)} images of {data.num_classes} people of {data.dataset.trained_on} at {height} × {width}",
        ),
        ("testing", f"{len(data.query)} queries, {len(data.gallery)} gallery images, of people never trained on"),
        ("steps", f"{config.teacher.steps} teacher, {config.schedule.steps if config.joint else 0} joint"),
        ("time", ", ".join(f"{value / 60:.1f} min {name}" for name, value in sorted(seconds.items())) or "unknown"),
        ("seed", str(config.seed)),
        ("machine", machine()),
        ("command", " ".join(["dgnet", *sys.argv[1:]])),
        ("dgnet", __version__),
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
    best = "f_prim+f_fine" if model else "baseline"
    return Report(
        title=f"{config.preset}, seed {config.seed}",
        facts=facts,
        dataset=data.dataset.name,
        retrieval=figures,
        swap_error=swaps.error if swaps else None,
        swap_grid=grid,
        true_swaps=true_swaps,
        interpolations=interpolations,
        ranked=ranked_rows(rows[best], data),
        log=log,
        notes=notes(config, data, figures),
    )


def ranked_rows(features: SplitFeatures, data: ExperimentData) -> dict[str, list[RankedQuery]]:
    """The top ten of the hardest queries and of some picked evenly, same-camera images of the person left out."""
    query, gallery = data.dataset.query, data.dataset.gallery
    pids = np.array([record.pid for record in gallery])
    camids = np.array([record.camid for record in gallery])
    precision = np.full(len(query), np.inf)
    tops = np.zeros((len(query), TOP), dtype=np.int64)
    for place, record in enumerate(query):
        kept = ~((pids == record.pid) & (camids == record.camid) & data.dataset.has_cameras)
        if not (pids[kept] == record.pid).any():
            continue
        order = np.flatnonzero(kept)[np.argsort(-(features.gallery[kept] @ features.query[place]), kind="stable")]
        right = np.flatnonzero(pids[order] == record.pid)
        precision[place] = np.mean(np.arange(1, len(right) + 1) / (right + 1))
        tops[place, : len(order[:TOP])] = order[:TOP]

    def row(place: int) -> RankedQuery:
        record, top = query[place], tops[place][: min(TOP, len(gallery))]
        caption = f"{Path(record.path).name}: AP {precision[place]:.1%}"
        return RankedQuery(
            data.query[[place]][0], data.gallery[top], [bool(pids[k] == record.pid) for k in top], caption
        )

    valid = np.flatnonzero(np.isfinite(precision))
    if not len(valid):
        return {}
    hardest = valid[np.argsort(precision[valid], kind="stable")[:NUM_RANKED]]
    spread = valid[np.linspace(0, len(valid) - 1, min(NUM_RANKED, len(valid))).astype(int)]
    return {
        "Queries picked evenly": [row(int(place)) for place in spread],
        "The hardest queries": [row(int(place)) for place in hardest],
    }


def notes(config: RunConfig, data: ExperimentData, figures: Mapping[str, RetrievalResult]) -> list[str]:
    """What a reader must know to trust or compare the figures."""
    said = [*data.dataset.notes]
    result = next(iter(figures.values()))
    left_out = result.num_query - result.num_valid
    if left_out:
        said.append(f"{left_out} of {result.num_query} queries have no true match in another camera and are left out.")
    if not result.same_camera_filtering:
        said.append("Cameras are unknown: same-camera matches could not be left out, so figures are optimistic.")
    if config.joint:
        real = 4 * config.batch_size
        said.append(
            f"Equal budgets: the Baseline saw {config.teacher.steps} × {config.teacher.batch_size} real images, E_a "
            f"{config.schedule.steps} × {real}; similarity is ⟨f_prim, f_prim'⟩ + {config.alpha} ⟨f_fine, f_fine'⟩."
        )
    return said
