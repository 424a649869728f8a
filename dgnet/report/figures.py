"""How every table and chart shows retrieval figures: titles of rows, columns, and percentages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dgnet.report.tables import Cell, Column
from dgnet.retrieval.ranking.ranks import RetrievalResult
from dgnet.retrieval.rows import BASELINE, BOTH, Row

Results = Mapping[Row, RetrievalResult]

_FEATURE_TITLES = {BASELINE: "Baseline", BOTH: "f_prim + f_fine"}
MEASURES: tuple[tuple[str, Callable[[RetrievalResult], float]], ...] = (
    ("Rank@1", lambda result: result.cmc[1]),
    ("Rank@5", lambda result: result.cmc[5]),
    ("Rank@10", lambda result: result.cmc[10]),
    ("Rank@20", lambda result: result.cmc[20]),
    ("mAP step", lambda result: result.map_step),
    ("mAP trapezoid", lambda result: result.map_trapezoid),
    ("mINP", lambda result: result.minp),
)
AP_NOTE = (
    "Per cent. mAP step is torchreid's and fast-reid's average precision, mAP trapezoid that of Market-1501's own "
    "evaluation code, which the published tables use."
)


def feature_title(row: Row) -> str:
    """The feature of a row, as tables name it."""
    return _FEATURE_TITLES.get(row.feature, row.feature)


def row_title(row: Row) -> str:
    """Feature and protocol, joined by a comma; a feature with a comma in its own name is put in quotes."""
    feature = feature_title(row)
    feature = f"“{feature}”" if "," in feature else feature
    return f"{feature}, {row.protocol}" if row.protocol else feature


class RowCells:
    """The first columns of a table of rows: the feature and, where any row has a protocol, the protocol."""

    def __init__(self, rows: Iterable[Row], heading: str = "") -> None:
        self._with_protocol = any(row.protocol for row in rows)
        self.columns = [Column(heading)] + ([Column("protocol")] if self._with_protocol else [])

    def of(self, row: Row) -> tuple[Cell, ...]:
        return (feature_title(row), row.protocol) if self._with_protocol else (feature_title(row),)


def result_columns(group: str = "") -> list[Column]:
    """The columns for the figures that `percentages` gives, under the heading `group`."""
    return [Column(name, best="max", group=group) for name, _ in MEASURES]


def percentages(result: RetrievalResult) -> tuple[float, ...]:
    """Rank@1, 5, 10, 20, both mAPs and mINP, in per cent."""
    return tuple(100 * value(result) for _, value in MEASURES)
