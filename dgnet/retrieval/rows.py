"""A row of results: which feature was ranked, and by which protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from dgnet.retrieval.ranking.ranks import RetrievalResult

BASELINE, PRIM, FINE, BOTH = "baseline", "f_prim", "f_fine", "f_prim+f_fine"
FEATURES = (BASELINE, PRIM, FINE, BOTH)  # in the order of the published tables
HISTOGRAM, BARE_BACKBONE = "colour histogram", "ImageNet MobileNetV2"
REFERENCES = (HISTOGRAM, BARE_BACKBONE)  # features that nobody trained for re-id; they come first in tables
MULTI_QUERY, EXPANDED, RERANKED, EXPANDED_RERANKED = "multi-query", "expanded", "re-ranked", "expanded, re-ranked"
CAMERA_MEANS = "without camera means"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """A feature, ranked by a protocol.

    `feature` is one of FEATURES or REFERENCES, or a name that another model gives; `protocol` is empty for the plain
    ranking.
    """

    feature: str
    protocol: str = ""


def in_table_order(results: Mapping[Row, Value]) -> list[tuple[Row, Value]]:
    """First the plain rows of REFERENCES and FEATURES, in their order; then all others, in the order of `results`."""
    known = [row for row in map(Row, (*REFERENCES, *FEATURES)) if row in results]
    return [(row, results[row]) for row in [*known, *(row for row in results if row not in known)]]


def headline(results: Mapping[Row, Value]) -> tuple[Row, Value]:
    """The row that stands for a model: the last of FEATURES that it has, ranked plainly; else its last plain row."""
    ordered = in_table_order(results)
    plain = [item for item in ordered if not item[0].protocol] or ordered
    return ([item for item in plain if item[0].feature in FEATURES] or plain)[-1]


def rows_to_json(results: Mapping[Row, RetrievalResult]) -> list[dict[str, Any]]:
    """One object per row, with its feature, its protocol and its figures."""
    return [{"feature": row.feature, "protocol": row.protocol, **asdict(result)} for row, result in results.items()]


def rows_from_json(found: list[dict[str, Any]] | dict[str, dict[str, Any]]) -> dict[Row, RetrievalResult]:
    """Read what `rows_to_json` wrote, or what earlier versions did: an object with keys such as `f_prim, re-ranked`."""
    pairs = (
        [(_row_of_key(key), figures) for key, figures in found.items()]
        if isinstance(found, dict)
        else [(Row(entry.pop("feature"), entry.pop("protocol")), entry) for entry in map(dict, found)]
    )
    return {
        row: RetrievalResult(**{**figures, "cmc": {int(rank): value for rank, value in figures["cmc"].items()}})
        for row, figures in pairs
    }


def _row_of_key(key: str) -> Row:
    for protocol in (EXPANDED_RERANKED, RERANKED, EXPANDED, MULTI_QUERY):
        if key.endswith(f", {protocol}"):
            return Row(key.removesuffix(f", {protocol}"), protocol)
    return Row(key)
