"""Direct transfer: one model on data sets that it was not trained on, beside the published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.report.figures import AP_NOTE, Results, RowCells, feature_title, percentages, result_columns
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.parts.galleries.retrieval import cmc_chart, protocol_note
from dgnet.report.published import dataset_title, published_transfer
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.protocol import USUAL, Protocol
from dgnet.retrieval.rows import headline, in_table_order, rows_to_json


@dataclass(frozen=True)
class Transfer(Part):
    """The rows of one model on each data set.

    Args:
        targets: for each data set that the model was tested on, its rows.
        trained_on: name of the data set that it was trained on; empty where that is unknown.
        curves: for each data set, the CMC curve of one row, the one that stands for the model.
        protocol: the rules by which galleries were ranked.
    """

    printed = True

    targets: Mapping[str, Results]
    trained_on: str = ""
    curves: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    protocol: Protocol = USUAL

    def tables(self) -> list[Table]:
        return [
            transfer_table(self.targets, self.trained_on, self.protocol),
            transfer_features_table(self.targets, self.protocol),
        ]

    def section(self) -> Section:
        table, every = self.tables()
        body = f"<h3>{escape(table.title)}</h3>{table.to_html()}"
        if self.curves:
            chart = cmc_chart({dataset_title(name): curve for name, curve in self.curves.items()})
            body += f'<div class="charts">{chart}</div>'
        body += f"<details><summary>{every.title}</summary>{every.to_html()}</details>"
        return Section("Direct transfer", body, "One model as it is, on each data set.")

    def as_dict(self) -> dict[str, Any]:
        rows = {target: rows_to_json(results) for target, results in self.targets.items()}
        return {"transfer": rows, "protocol": self.protocol.as_dict()}


def transfer_table(targets: Mapping[str, Results], trained_on: str, protocol: Protocol = USUAL) -> Table:
    """One line per data set: the figures of the row that stands for the model (`rows.headline`).

    Where DG-Net's figures were published for `trained_on` and a target, they are shown too; their mAP is the trapezoid.
    """
    published = {target: published_transfer(trained_on, target) for target in targets}
    any_published = any(published.values())
    columns = [Column("tested on"), Column("feature"), *result_columns("this run" if any_published else "")]
    note = AP_NOTE + protocol_note(protocol)
    if any_published:
        columns += [Column(name, best=None, group="published") for name in ("Rank@1", "Rank@5", "Rank@10", "mAP")]
        sources = sorted({figures.source for figures in published.values() if figures})
        note += (
            f" Published: DG-Net trained on {dataset_title(trained_on)}, the authors' {' and '.join(sources)}, 2019."
        )
    rows: list[tuple[Cell, ...]] = []
    for target, results in targets.items():
        row, result = headline(results)
        shown: tuple[Cell, ...] = (dataset_title(target), feature_title(row), *percentages(result))
        if any_published:
            figures = published[target]
            shown += (figures.rank1, figures.rank5, figures.rank10, figures.mean_ap) if figures else (None,) * 4
        rows.append(shown)
    title = f"Trained on {dataset_title(trained_on)}" if trained_on else "Direct transfer"
    return Table("transfer", title, tuple(columns), tuple(rows), note)


def transfer_features_table(targets: Mapping[str, Results], protocol: Protocol = USUAL) -> Table:
    """Every row (feature and protocol) on every data set."""
    cells = RowCells((row for results in targets.values() for row in results), "feature")
    rows: list[tuple[Cell, ...]] = [
        (dataset_title(target), *cells.of(row), *percentages(result))
        for target, results in targets.items()
        for row, result in in_table_order(results)
    ]
    columns = (Column("tested on"), *cells.columns, *result_columns())
    return Table("transfer_features", "Every feature", columns, tuple(rows), AP_NOTE + protocol_note(protocol))
