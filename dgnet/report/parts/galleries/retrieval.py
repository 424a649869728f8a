"""The retrieval figures of a run, beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.report.charts import Series, line_chart
from dgnet.report.figures import AP_NOTE, Results, RowCells, percentages, result_columns, row_title
from dgnet.report.page import Section, Tile
from dgnet.report.part import Part
from dgnet.report.published import dataset_title, published_peers, published_reid
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.protocol import USUAL, Protocol
from dgnet.retrieval.rows import FEATURES, Row, in_table_order, rows_to_json

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RetrievalFigures(Part):
    """The figures of every row (feature and protocol).

    Args:
        dataset: the data set whose published figures are shown too, such as market1501; empty for none.
        curves: CMC curve of each row; the value at index k - 1 is for rank k.
        protocol: the rules by which galleries were ranked.
    """

    printed = True

    figures: Results
    dataset: str = ""
    curves: Mapping[Row, Float64Array] = field(default_factory=dict)
    protocol: Protocol = USUAL

    def tables(self) -> list[Table]:
        return [retrieval_table(self.figures, self.dataset, self.protocol)]

    def section(self) -> Section:
        body = self.tables()[0].to_html()
        if self.curves:
            chart = cmc_chart({row_title(row): curve for row, curve in self.curves.items()})
            body += f'<div class="charts">{chart}</div>'
        if peers := peers_table(self.dataset):
            body += f"<details><summary>{peers.title}: other methods</summary>{peers.to_html()}</details>"
        result = next(iter(self.figures.values()))
        lead = (
            f"{result.num_valid:,} of {result.num_query:,} queries have a true match; "
            f"the gallery holds {result.num_gallery:,} images."
        )
        return Section("Retrieval", body, lead)

    def tiles(self) -> list[Tile]:
        """The last plain row of FEATURES (else the table's last row), and its gain over the first one."""
        rows = in_table_order(self.figures)
        rows = [item for item in rows if item[0].feature in FEATURES and not item[0].protocol] or rows
        (base, first), (row, last) = rows[0], rows[-1]
        tiles = []
        for label, value, before in (
            ("Rank@1", last.rank1, first.rank1),
            ("mAP step", last.map_step, first.map_step),
            ("mAP trapezoid", last.map_trapezoid, first.map_trapezoid),
        ):
            gain = 100 * (value - before)
            change = f"{row_title(row)}: {gain:+.1f} on {row_title(base)}" if len(rows) > 1 else row_title(row)
            tiles.append(Tile(f"{100 * value:.1f}", label, change, gain > 0 if len(rows) > 1 else None))
        return tiles

    def as_dict(self) -> dict[str, Any]:
        return {"retrieval": rows_to_json(self.figures), "protocol": self.protocol.as_dict()}


def retrieval_table(results: Results, dataset: str = "", protocol: Protocol = USUAL) -> Table:
    """Rows in the order of the published tables; the published figures of `dataset`, if any, are further columns."""
    published = published_reid(dataset) if dataset else {}
    cells = RowCells(results)
    columns = [*cells.columns, *result_columns("this run")]
    note = AP_NOTE + protocol_note(protocol)
    if published:
        columns += [Column("Rank@1", best="max", group="published"), Column("mAP", best="max", group="published")]
        sources = " and ".join(sorted({figures.source for figures in published.values()}))
        note += f" Published: DG-Net on {dataset_title(dataset)}, from the authors' {sources}, 2019."
    rows: list[tuple[Cell, ...]] = []
    for row, result in in_table_order(results):
        shown = (*cells.of(row), *percentages(result))
        if published:
            beside = None if row.protocol else published.get(row.feature)
            shown += (beside.rank1, beside.mean_ap) if beside else (None, None)
        rows.append(shown)
    return Table("retrieval", "Retrieval", tuple(columns), tuple(rows), note)


def protocol_note(protocol: Protocol) -> str:
    """Sentences on every rule that is not the default, to be appended to a table's note."""
    said = ""
    if protocol.rerank and replace(protocol, k1=USUAL.k1, k2=USUAL.k2, lambda_=USUAL.lambda_) != protocol:
        said += f" Re-ranked with k1 {protocol.k1}, k2 {protocol.k2}, lambda {protocol.lambda_:g}."
    if protocol.denominator == "all":
        said += " Means are over all queries; those without a true match score 0."
    if protocol.queries == "first":
        said += " Every identity's first image (by each camera, where cameras are known) is a query."
    if protocol.same_camera:
        said += " Images of a query's person by the query's own camera were kept."
    return said


def peers_table(dataset: str) -> Table | None:
    """Published figures of other methods on the data set, best mAP last; None where there are none."""
    peers = published_peers(dataset)
    if not peers:
        return None
    rows = tuple((name, *figures) for name, figures in sorted(peers.items(), key=lambda item: item[1][1]))
    columns = (Column("method"), Column("Rank@1", best="max"), Column("mAP", best="max"))
    note = "Per cent, as cited on DG-Net's poster, CVPR 2019."
    return Table("peers", f"Published on {dataset_title(dataset)}", columns, rows, note)


def cmc_chart(curves: Mapping[str, Float64Array]) -> str:
    """CMC curves by title: for each k, the fraction of queries with a true match among the first k (at index k - 1)."""
    series = [Series(title, np.arange(1, len(curve) + 1, dtype=float), curve) for title, curve in curves.items()]
    longest = max(len(curve) for curve in curves.values())
    lowest = np.floor(10 * min(float(curve[0]) for curve in curves.values())) / 10
    return line_chart(
        series,
        title="CMC",
        x_label="rank",
        y_label="queries answered",
        x_range=(1, max(longest, 2)),
        y_range=(min(float(lowest), 0.9), 1),
    )
