"""Re-id figures of several features under one protocol: ranks, curves, same-person rates, camera pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.config import ConfigError
from dgnet.data.records import Record, ReidDataset
from dgnet.retrieval.cameras import CameraPairs, camera_pairs
from dgnet.retrieval.query_features import expand_queries
from dgnet.retrieval.ranking import Denominator, MatchRanks, RetrievalResult, cmc_curve, rank_matches, summarise
from dgnet.retrieval.rerank import rerank_matches
from dgnet.retrieval.verification import Roc, verify_pairs

Array = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
MOST_CURVES = 6  # of a chart: it has so many colours


@dataclass(frozen=True)
class Protocol:
    """How galleries are ranked. Every switch adds a row a feature; the plain row is always there.

    `rerank` and `expand` together add a third, of expanded queries re-ranked.

    Args:
        rerank: k-reciprocal re-ranking, k1 20, k2 6, lambda 0.3.
        expand: join each query with so many of its nearest gallery images; 0 is off.
        multi_query: each query is the mean feature of its person's images on its camera.
        denominator: means over the queries with a true match, or over `all`.
    """

    rerank: bool = False
    expand: int = 0
    multi_query: bool = False
    denominator: Denominator = "valid"

    def __post_init__(self) -> None:
        if self.expand < 0:
            raise ConfigError(f"expand: found {self.expand}, must be a number of images, 0 or more")


@dataclass(frozen=True)
class SplitFeatures:
    """Query and gallery features of one row of the tables; `multi` are the multi-query ones, a row a query."""

    query: Array
    gallery: Array
    multi: Array | None = None


@dataclass(frozen=True)
class SplitLabels:
    """Who and from where: pids, and cameras of both sides or of neither."""

    query_pids: Labels
    gallery_pids: Labels
    query_camids: Labels | None = None
    gallery_camids: Labels | None = None

    def columns(self) -> tuple[Labels, Labels, Labels | None, Labels | None]:
        """As the measures take them."""
        return self.query_pids, self.gallery_pids, self.query_camids, self.gallery_camids


@dataclass(frozen=True)
class Retrieval:
    """Everything that is counted of ranked galleries, by row; `cameras` is of the headline, the last plain row."""

    ranks: Mapping[str, MatchRanks]
    figures: Mapping[str, RetrievalResult]
    cmc_curves: Mapping[str, npt.NDArray[np.float64]]
    verification: Mapping[str, Roc]
    cameras: CameraPairs | None
    headline: str


def labels_of(dataset: ReidDataset) -> SplitLabels:
    """The labels of a data set's queries and gallery; no cameras where any is unknown."""

    def column(records: tuple[Record, ...], field: str) -> Labels:
        return np.array([getattr(record, field) for record in records], dtype=np.int64)

    pids = column(dataset.query, "pid"), column(dataset.gallery, "pid")
    if not dataset.has_cameras:
        return SplitLabels(*pids)
    return SplitLabels(*pids, column(dataset.query, "camid"), column(dataset.gallery, "camid"))


def measure_retrieval(
    rows: Mapping[str, SplitFeatures], labels: SplitLabels, protocol: Protocol, *, detailed: bool = True
) -> Retrieval:
    """Rank every row's gallery. `detailed` adds same-person rates of the first and the last row, and camera pairs."""
    ranks = rank_rows(rows, labels, protocol)
    figures = {name: summarise(found, protocol.denominator) for name, found in ranks.items()}
    first, headline = next(iter(rows)), list(rows)[-1]
    people = np.union1d(labels.query_pids, labels.gallery_pids[labels.gallery_pids >= 0])
    compared = dict.fromkeys((first, headline)) if detailed and len(people) > 1 else {}
    verification = {
        name: verify_pairs(rows[name].query, rows[name].gallery, *labels.columns(), progress=False) for name in compared
    }
    cameras = None
    if detailed and labels.query_camids is not None and labels.gallery_camids is not None:
        best = rows[headline]
        cameras = camera_pairs(
            best.query,
            best.gallery,
            labels.query_pids,
            labels.gallery_pids,
            labels.query_camids,
            labels.gallery_camids,
        )
    variants = [name for name in ranks if name.startswith(f"{headline}, ")]
    return Retrieval(
        ranks=ranks,
        figures=figures,
        cmc_curves={name: cmc_curve(ranks[name]) for name in (*rows, *variants)[:MOST_CURVES]},
        verification=verification,
        cameras=cameras,
        headline=headline,
    )


def rank_rows(rows: Mapping[str, SplitFeatures], labels: SplitLabels, protocol: Protocol) -> dict[str, MatchRanks]:
    """Ranks by row: `NAME`, and what the protocol adds to it.

    That is `NAME, multi-query`, `NAME, expanded`, `NAME, re-ranked` and, of expanded queries, `NAME, expanded,
    re-ranked`.
    """
    columns = labels.columns()
    ranks: dict[str, MatchRanks] = {}
    for name, features in rows.items():
        query, gallery = features.query, features.gallery
        ranks[name] = rank_matches(query, gallery, *columns)
        if protocol.multi_query:
            assert features.multi is not None
            ranks[f"{name}, multi-query"] = rank_matches(features.multi, gallery, *columns)
        if protocol.expand:
            expanded = expand_queries(query, gallery, k=protocol.expand)
            ranks[f"{name}, expanded"] = rank_matches(expanded, gallery, *columns)
        if protocol.rerank:
            ranks[f"{name}, re-ranked"] = rerank_matches(query, gallery, *columns)
        if protocol.expand and protocol.rerank:
            ranks[f"{name}, expanded, re-ranked"] = rerank_matches(expanded, gallery, *columns)
    return ranks
