"""Re-id figures of several features under one protocol: ranks, CMC curves, same-person rates, camera pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.features.camera_means import without_camera_means
from dgnet.retrieval.features.extract import Float32Array
from dgnet.retrieval.features.queries import expand_queries
from dgnet.retrieval.features.spread import can_be_reranked, doubts
from dgnet.retrieval.labels import SplitLabels
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.ranking.cameras import CameraPairs, camera_pairs
from dgnet.retrieval.ranking.ranks import MatchRanks, RetrievalResult, cmc_curve, rank_matches, summarise
from dgnet.retrieval.ranking.rerank import rerank_matches
from dgnet.retrieval.rows import CAMERA_MEANS, EXPANDED, EXPANDED_RERANKED, MULTI_QUERY, RERANKED, Row, headline
from dgnet.retrieval.verification import Roc, verify_pairs

MOST_CURVES = 6  # per chart, which has six colours


@dataclass(frozen=True)
class SplitFeatures:
    """Features of the queries (Q×F) and of the gallery (N×F); `multi` (Q×F) are the multi-query features."""

    query: Float32Array
    gallery: Float32Array
    multi: Float32Array | None = None


@dataclass(frozen=True)
class Retrieval:
    """Everything that is measured on ranked galleries. A row is a feature and a protocol (`rows.Row`).

    Args:
        verification: same-person rates of the first and the last feature, ranked plainly.
        cameras: retrieval between cameras, by the headline's feature; None where it was not measured.
        headline: the row that stands for the model (`rows.headline`).
        protocol: the rules that were applied; `notes` say where they differ from those that were asked for.
        doubts: sentences on what makes some figures worthless; to be read before the figures.
    """

    ranks: Mapping[Row, MatchRanks]
    figures: Mapping[Row, RetrievalResult]
    cmc_curves: Mapping[Row, npt.NDArray[np.float64]]
    verification: Mapping[Row, Roc]
    cameras: CameraPairs | None
    headline: Row
    protocol: Protocol
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def measure_retrieval(
    features: Mapping[str, SplitFeatures], labels: SplitLabels, protocol: Protocol, *, detailed: bool = True
) -> Retrieval:
    """Rank the gallery by each named feature. `detailed` adds same-person rates and camera pairs."""
    if protocol.same_camera:
        labels = labels.without_cameras()
    protocol, notes = _possible(protocol, labels)
    if protocol.same_camera:
        notes.append("Images of a query's person by the query's own camera were kept, as asked (same_camera).")
    ranks: dict[Row, MatchRanks] = {}
    for name, sides in features.items():
        found, said = _ranks_of(name, sides, labels, protocol)
        ranks |= found
        notes += said
    worthless = [text for name, sides in features.items() for text in doubts(name, sides.query, sides.gallery)]
    figures = {row: summarise(one, protocol.denominator) for row, one in ranks.items()}
    head, _ = headline(dict.fromkeys(map(Row, features)))
    first, best = next(iter(features)), head.feature
    people = np.union1d(labels.query_pids, labels.gallery_pids[labels.gallery_pids >= 0])
    compared = dict.fromkeys((first, best)) if detailed and len(people) > 1 else {}
    verification = {
        Row(name): verify_pairs(features[name].query, features[name].gallery, *labels.columns(), progress=False)
        for name in compared
    }
    pids, cameras, images = labels.columns()[:2], labels.columns()[2:4], labels.columns()[4:]
    pairs = None
    if detailed and cameras[0] is not None and cameras[1] is not None:
        pairs = camera_pairs(features[best].query, features[best].gallery, *pids, cameras[0], cameras[1], *images)
    plain, variants = [Row(name) for name in features], [row for row in ranks if row.feature == best and row.protocol]
    drawn = list(dict.fromkeys((head, *plain, *variants)))[:MOST_CURVES]
    return Retrieval(
        ranks=ranks,
        figures=figures,
        cmc_curves={row: cmc_curve(ranks[row]) for row in (*plain, *variants) if row in drawn},
        verification=verification,
        cameras=pairs,
        headline=head,
        protocol=protocol,
        notes=(*labels.notes, *notes),
        doubts=tuple(worthless),
    )


def _possible(protocol: Protocol, labels: SplitLabels) -> tuple[Protocol, list[str]]:
    """The protocol, with no more neighbours than there are images; and one sentence for each number that was cut."""
    notes = []
    most = labels.num_images - 1  # all images but one
    if protocol.rerank and protocol.k1 > most:
        lowered = replace(protocol, k1=max(1, most), k2=min(protocol.k2, max(1, most) + 1))
        notes.append(
            f"Re-ranked with k1 {lowered.k1} and k2 {lowered.k2} instead of {protocol.k1} and {protocol.k2}: there are "
            f"only {labels.num_images} images, so these rows say little."
        )
        protocol = lowered
    num_gallery = len(labels.gallery_pids)
    if protocol.expand > num_gallery:
        notes.append(f"Queries were expanded by all {num_gallery} gallery images: there are not {protocol.expand}.")
        protocol = replace(protocol, expand=num_gallery)
    return protocol, notes


def _ranks_of(
    name: str, features: SplitFeatures, labels: SplitLabels, protocol: Protocol
) -> tuple[dict[Row, MatchRanks], list[str]]:
    """One feature's ranks, for the plain row and for the rows that the protocol adds; and notes on rows left out."""
    query, gallery, columns = features.query, features.gallery, labels.columns()
    ranks = {Row(name): rank_matches(query, gallery, *columns)}
    if protocol.multi_query:
        assert features.multi is not None
        ranks[Row(name, MULTI_QUERY)] = rank_matches(features.multi, gallery, *columns)
    notes = []
    cameras = labels.query_camids, labels.gallery_camids
    if protocol.camera_means and cameras[0] is not None and cameras[1] is not None:
        moved = without_camera_means(query, gallery, cameras[0], cameras[1])
        ranks[Row(name, CAMERA_MEANS)] = rank_matches(moved[0], moved[1], *columns)
    elif protocol.camera_means:
        notes.append(f"{name}: no row {CAMERA_MEANS!r}, since the cameras are not known, or do not count.")
    sides = {RERANKED: query}
    if protocol.expand:
        expanded = expand_queries(query, gallery, *columns[4:], k=protocol.expand).numpy()
        ranks[Row(name, EXPANDED)] = rank_matches(expanded, gallery, *columns)
        sides[EXPANDED_RERANKED] = expanded
    for what, asked in sides.items() if protocol.rerank else ():
        if labels.num_images < 2 or not can_be_reranked(asked, gallery):
            notes.append(f"{name}: no row {what!r}, since its features point the same way for all images.")
            continue
        numbers = {"k1": protocol.k1, "k2": protocol.k2, "lambda_": protocol.lambda_}
        ranks[Row(name, what)] = rerank_matches(asked, gallery, *columns, **numbers)  # type: ignore[arg-type]
    return ranks, notes
