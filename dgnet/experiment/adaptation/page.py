"""The page of `dgnet adapt`: clusters as rows of pictures, and what became of them epoch by epoch."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from dgnet.config import RunConfig
from dgnet.data.batches.pairs import Indices
from dgnet.experiment.adaptation.generator import Shown
from dgnet.experiment.adaptation.images import AdaptData
from dgnet.experiment.evaluation.present import common_facts
from dgnet.experiment.evaluation.publish import Published
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.whole_file import write_text_whole
from dgnet.generation.swap import swap_matrix
from dgnet.report.part import Part
from dgnet.report.parts.adaptation import ClusterPictures, ClusterRow, Epochs, InUse
from dgnet.report.parts.swaps.grid import SwapGrid
from dgnet.report.parts.training import Training
from dgnet.report.report import Report, report_tables, results_of, write_report
from dgnet.retrieval.clustering.dbscan import COPY, OUTLIER, Clustering
from dgnet.training.adaptation.adapt import PHASE, Adapted
from dgnet.training.log import read_log

NUM_ROWS, NUM_COLUMNS = 6, 12


def adaptation_page(
    config: RunConfig,
    data: AdaptData,
    adapted: Adapted,
    in_use: InUse | None,
    folder: RunFolder,
    notes: list[str],
    who: Shown | None,
) -> Published:
    """Write the page and its figures into the run's folder; `who` is drawn, where the model learnt to draw."""
    log = read_log(folder.log)
    epochs = Epochs([row for row in log if row["phase"] == PHASE], adapted.best, in_use)
    height, width = config.data.size
    facts = [
        ("started from", config.start),
        ("images", f"{len(data.images)} of {data.dataset.name} at {height} × {width}, without labels"),
        ("epochs", f"{len(adapted.scores) - 1} of {config.adapt.steps} steps; {adapted.best} kept"),
        ("generator", "trained too" if adapted.model else "left as it was"),
        ("time", f"{max(row['seconds'] for row in log) / 60:.1f} min"),
        ("seed", str(config.seed)),
        *common_facts(),
    ]
    pictures = ClusterPictures(chosen_rows(data, adapted.clusters), NUM_COLUMNS)
    trained = [row for row in log if row["phase"] != PHASE]
    parts: list[Part] = [epochs, pictures]
    if who and adapted.model:
        swapped = swap_matrix(adapted.model, who.givers, who.wearers)
        parts.append(SwapGrid(who.givers, who.wearers, swapped))
    report = Report(f"Adapted to {data.dataset.name}", facts, [*parts, Training(trained)], notes=notes)
    write_text_whole(folder.adaptation_results, json.dumps(results_of(report), indent=1) + "\n")
    page = write_report(folder.adaptation, report)
    said = "".join(f"Note: {sentence}\n" for sentence in notes)
    return Published(page, report_tables(report)[0].to_text() + said)


def chosen_rows(data: AdaptData, clusters: Clustering) -> dict[str, list[ClusterRow]]:
    """The largest, the tightest and the most doubtful clusters, and outliers, by heading."""
    labels, silhouettes = clusters.labels, clusters.silhouettes
    number = clusters.num_clusters
    inside = labels >= 0
    sizes = np.bincount(labels[inside], minlength=number)
    tightness = np.bincount(labels[inside], weights=silhouettes[inside], minlength=number) / np.maximum(sizes, 1)
    chosen = {
        "The largest": np.argsort(-sizes, kind="stable"),
        "The tightest": np.argsort(-tightness, kind="stable"),
        "The most doubtful": np.argsort(tightness, kind="stable"),
    }
    rows = {
        heading: [
            _row(data, np.flatnonzero(labels == one), silhouettes, f"cluster {one}, score {tightness[one]:.2f}")
            for one in order[:NUM_ROWS]
        ]
        for heading, order in chosen.items()
    }
    rows["Left out"] = []
    for label, said in ((OUTLIER, "images in no cluster"), (COPY, "near copies of images that are learnt from")):
        others = np.flatnonzero(labels == label)
        if len(others):
            few = others[np.linspace(0, len(others) - 1, min(NUM_COLUMNS, len(others))).astype(int)]
            rows["Left out"].append(ClusterRow(data.images[few], f"{len(few)} of {len(others)} {said}"))
    return {heading: shown for heading, shown in rows.items() if shown}


def _row(data: AdaptData, images: Indices, silhouettes: np.ndarray, name: str) -> ClusterRow:
    """Images of one cluster, evenly picked from those sorted by how well they fit, the best first."""
    ordered = images[np.argsort(-silhouettes[images], kind="stable")]
    shown = ordered[np.linspace(0, len(ordered) - 1, min(NUM_COLUMNS, len(ordered))).astype(int)]
    caption = f"{name}: {'; '.join(_about(data, images))}"
    if len(shown) < len(images):
        caption += f" ({len(shown)} shown)"
    right = None
    if data.truth is not None:
        people, counts = np.unique(data.truth[images], return_counts=True)
        right = (data.truth[shown] == people[counts.argmax()]).tolist()
    return ClusterRow(data.images[shown], caption, right)


def _about(data: AdaptData, images: Indices) -> Iterator[str]:
    yield f"{len(images)} images"
    cameras = len(np.unique(data.images.camids[images]))
    if cameras > 1:
        yield f"{cameras} cameras"
    if data.truth is not None:
        people = len(np.unique(data.truth[images]))
        yield f"{people} {'person' if people == 1 else 'people'} by the labels"
