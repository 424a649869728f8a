"""Pictures of ranked galleries: a query, then its best gallery images in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from dgnet.files.images import ImagesU8
from dgnet.report.images import GAP, picture, ratio
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.retrieval.features.extract import ImageStore
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.measure import SplitFeatures
from dgnet.retrieval.ranking.examples import hardest_queries, top_gallery
from dgnet.retrieval.ranking.ranks import MatchRanks, score_queries

NUM_RANKED = 5
TOP = 10


@dataclass(frozen=True)
class RankedQuery:
    """A query H×W×3 and its best K gallery images K×H×W×3 in order; `correct` marks those of the query's person."""

    query: ImagesU8
    retrieved: ImagesU8
    correct: Sequence[bool]
    caption: str = ""

    def __post_init__(self) -> None:
        if len(self.retrieved) != len(self.correct):
            raise ValueError(f"ranked query: {len(self.retrieved)} images but {len(self.correct)} marks right or wrong")


@dataclass(frozen=True)
class RankedGalleries(Part):
    """Examples of queries, by the heading above them."""

    ranked: Mapping[str, Sequence[RankedQuery]]

    def section(self) -> Section:
        body = "".join(f"<h3>{escape(heading)}</h3>{ranked_html(rows)}" for heading, rows in self.ranked.items())
        lead = "A query on the left, then its best answers in order: green and ✓ the same person, red and ✗ another."
        return Section("Ranked galleries", body, lead)


def ranked_queries(
    features: SplitFeatures,
    ranks: MatchRanks,
    labels: SplitLabels,
    crops: tuple[ImageStore, ImageStore],
    query_paths: Sequence[str],
) -> dict[str, list[RankedQuery]]:
    """The best TOP gallery images, by heading, for NUM_RANKED queries picked evenly and for the NUM_RANKED hardest.

    The hardest queries have the lowest AP. Gallery images that the protocol drops are left out.

    Args:
        crops: the images of the queries and of the gallery.
    """
    scores = score_queries(ranks)
    precision = dict(zip(scores.query.tolist(), scores.ap_step.tolist(), strict=True))
    evenly = scores.query[np.linspace(0, len(scores.query) - 1, min(NUM_RANKED, len(scores.query))).astype(int)]
    chosen = {"Queries picked evenly": evenly, "The hardest queries": hardest_queries(ranks, NUM_RANKED)}
    asked, searched = crops
    shown = {}
    for heading, queries in chosen.items():
        top = top_gallery(queries, features.query, features.gallery, *labels.columns(), k=TOP)
        rows = []
        for query, places, correct in zip(queries, top.index, top.correct, strict=True):
            kept = places >= 0
            caption = f"{Path(query_paths[query]).name}: AP {precision[int(query)]:.1%}"
            rows.append(
                RankedQuery(asked[np.array([query])][0], searched[places[kept]], correct[kept].tolist(), caption)
            )
        shown[heading] = rows
    return shown


def ranked_html(queries: Sequence[RankedQuery]) -> str:
    """One line per query; a right answer has a green frame and a tick, a wrong one a red frame and a cross."""
    rows = ""
    for query in queries:
        cells = picture(query.query, "query", "query") + GAP
        for rank, (image, correct) in enumerate(zip(query.retrieved, query.correct, strict=True), start=1):
            kind, mark, word = ("right", "✓", "right") if correct else ("wrong", "✗", "wrong")
            cells += picture(image, kind, f"rank {rank}, {word}", f"<b>{mark}</b><i>{rank}</i>")
        caption = f'<p class="caption">{escape(query.caption)}</p>' if query.caption else ""
        style = f"--columns:{len(query.correct)};{ratio(query.query[None])}"
        rows += f'<div class="scroll"><div class="ranked" style="{style}">{cells}</div></div>{caption}'
    return rows
