"""Pictures of ranked galleries: queries picked evenly, and the hardest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dgnet.experiment.data import HeldOut
from dgnet.report.pictures import RankedQuery
from dgnet.retrieval.examples import hardest_queries, top_gallery
from dgnet.retrieval.protocol import SplitFeatures, labels_of
from dgnet.retrieval.ranking import MatchRanks, score_queries

NUM_RANKED = 5
TOP = 10


def ranked_rows(features: SplitFeatures, ranks: MatchRanks, data: HeldOut) -> dict[str, list[RankedQuery]]:
    """The ten best answers to some queries picked evenly and to those of lowest AP, by the protocol's rules."""
    scores = score_queries(ranks)
    precision = dict(zip(scores.query.tolist(), scores.ap_step.tolist(), strict=True))
    evenly = scores.query[np.linspace(0, len(scores.query) - 1, min(NUM_RANKED, len(scores.query))).astype(int)]
    chosen = {"Queries picked evenly": evenly, "The hardest queries": hardest_queries(ranks, NUM_RANKED)}
    labels = labels_of(data.dataset).columns()
    shown = {}
    for heading, queries in chosen.items():
        top = top_gallery(queries, features.query, features.gallery, *labels, k=TOP)
        rows = []
        for query, places, correct in zip(queries, top.index, top.correct, strict=True):
            kept = places >= 0
            caption = f"{Path(data.dataset.query[query].path).name}: AP {precision[int(query)]:.1%}"
            rows.append(
                RankedQuery(data.query[[query]][0], data.gallery[places[kept]], correct[kept].tolist(), caption)
            )
        shown[heading] = rows
    return shown
