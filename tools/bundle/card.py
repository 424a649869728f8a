"""The card of the bundled model: what it says about how the model does, on rendered people and on real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from dgnet.config import DataConfig, RunConfig
from dgnet.experiment.data import open_held_out
from dgnet.experiment.evaluation.features import FeatureModel, features_by, held_out_features, held_out_labels
from dgnet.experiment.evaluation.present import query_groups, retrieval_notes
from dgnet.experiment.evaluation.run import Measures
from dgnet.experiment.evaluation.transfer import tested_on
from dgnet.files.cache import cache_root
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.dgnet import DGNet
from dgnet.quality.true_swaps import measure_swaps
from dgnet.report.figures import row_title
from dgnet.retrieval.features.extract import FeatureFunction
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.groups import GroupResult
from dgnet.retrieval.rows import BOTH, Row, in_table_order


@dataclass(frozen=True)
class RealPeople:
    """Photographs to measure on: their reader and folder, and what the card calls them."""

    target: tuple[str, str]
    called: str


def on_rendered_people(model: DGNet, config: RunConfig, people: Path) -> dict[str, str]:
    """Swaps and re-id on the bundled edition's test people, swaps on those of `people`."""
    card = {
        "swap error": swaps_of(model, bundled_root(), config),
        "re-id": reid_of(features_by(None, model), BOTH, config),
    }
    own = swaps_of(model, people, config)
    return card | ({"swap error, own edition": own} if own else {})


def reid_of(features: FeatureFunction, row: str, config: RunConfig) -> str:
    """Re-id on the bundled edition's test people by the features of one row, as a sentence."""
    data = open_held_out(replace(config, data=DataConfig("mannequin", size=config.data.size)))
    found = held_out_features(features, data, config.alpha, torch.device("cpu"))
    figures = measure_retrieval(found, held_out_labels(data), Protocol(), detailed=False).figures[Row(row)]
    return f"mAP {figures.map_step:.3f} (step), Rank@1 {figures.rank1:.3f}, on the bundled edition's test identities"


def swaps_of(model: DGNet, root: Path, config: RunConfig) -> str:
    """The error of the true swaps that lie in `root`, as a sentence; empty where it lists none."""
    swaps = measure_swaps(model, root, config.data.size, cache_root())
    if swaps is None:
        return ""
    error, pasted = swaps.error, swaps.pasted
    return (
        f"L1 {error.l1:.4f}, {error.ratio:.3f} of copying x_j; pasted on x_j {pasted.l1:.4f}, {pasted.ratio:.3f}; "
        f"{error.num_pairs} test pairs"
    )


def on_real_people(features: FeatureFunction, config: RunConfig, people: RealPeople) -> dict[str, str]:
    """Figures on photographs: every identity's first image by each camera is a query, all others are the gallery."""
    size, device = config.data.size, torch.device("cpu")
    asked = FeatureModel("the bundled model", features, config.alpha, size, config.data.name, device)
    measures = Measures(Protocol(queries="first"), baselines=True)
    found = tested_on(asked, people.target, measures, "", detailed=False)
    dataset, figures = found.data.dataset, found.retrieval.figures
    num_ids = len({record.pid for record in (*dataset.query, *dataset.gallery)})
    rows = (
        f"{row_title(row)} {result.rank1:.3f} / {result.map_step:.3f}"
        for row, result in in_table_order(figures)
        if not row.protocol
    )
    notes = [*found.notes, *retrieval_notes(found.retrieval)]
    groups = query_groups(found.retrieval, found.labels, found.data)
    card = {
        "on real people": f"{people.called} ({num_ids} identities, {len(dataset.query)} queries, "
        f"{len(dataset.gallery)} gallery images; nothing was trained on them), Rank@1 / mAP step: "
        f"{'; '.join(rows)}. {' '.join(notes)}".strip()
    }
    for heading, by in (("by camera", groups.by_camera), ("by light", groups.by_light)):
        if by:
            card[f"on real people, {heading}"] = as_text(by[found.retrieval.headline])
    return card


def as_text(groups: Sequence[GroupResult]) -> str:
    """Rank@1 / mAP (step) of each group of queries, with the number of queries."""
    return "; ".join(f"{one.name}: {one.rank1:.3f} / {one.map_step:.3f} ({one.num_query} queries)" for one in groups)
