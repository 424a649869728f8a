"""Same person or not: the ROC, and the TPR at several FPRs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dgnet.report.charts import Series, line_chart
from dgnet.report.figures import row_title
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.rows import Row
from dgnet.retrieval.verification import Roc

_FPRS = (0.1, 0.01, 0.001, 0.0001)


@dataclass(frozen=True)
class Verification(Part):
    """The ROC of each row."""

    rocs: Mapping[Row, Roc]

    def tables(self) -> list[Table]:
        return [verification_table(self.rocs)]

    def section(self) -> Section:
        body = f'{self.tables()[0].to_html()}<div class="charts">{roc_chart(self.rocs)}</div>'
        lead = "Every query with every gallery image: at or above a threshold, the pair is called the same person."
        return Section("Same person or not", body, lead)

    def as_dict(self) -> dict[str, Any]:
        found = [
            {
                "feature": row.feature,
                "protocol": row.protocol,
                "area": roc.area,
                "equal_error": asdict(roc.equal_error()),
            }
            for row, roc in self.rocs.items()
        ]
        return {"verification": found}


def verification_table(rocs: Mapping[Row, Roc]) -> Table:
    """TPR at several FPRs, area under the ROC, equal error rate and its threshold.

    There is no TPR at an FPR that would accept less than one of the pairs of different people.
    """
    columns = [Column("")] + [Column(f"TPR@FPR {fpr:g}", best="max") for fpr in _FPRS]
    columns += [Column("AUC", digits=2, best="max"), Column("EER", best="min"), Column("threshold at EER", digits=3)]
    rows: list[tuple[Cell, ...]] = []
    for row, roc in rocs.items():
        told = (100 * roc.at_fpr(fpr).tpr if fpr * roc.num_different >= 1 else None for fpr in _FPRS)
        equal = roc.equal_error()
        error = 50 * (equal.fpr + 1 - equal.tpr)
        rows.append((row_title(row), *told, 100 * roc.area, error, equal.threshold))
    pairs = next(iter(rocs.values()))
    note = (
        f"Per cent, over {pairs.num_same:,} pairs of the same person and {pairs.num_different:,} of different people."
    )
    return Table("verification", "Same person or not", tuple(columns), tuple(rows), note)


def roc_chart(rocs: Mapping[Row, Roc]) -> str:
    """The ROC of each row: TPR over FPR, the FPR on a logarithmic axis from 1e-4."""
    lowest = 1e-4
    series = []
    for row, roc in rocs.items():
        grid = np.geomspace(lowest, 1, 200)
        # The ROC is a staircase: at each FPR, take the greatest TPR that has been reached.
        reached = roc.tpr[np.searchsorted(roc.fpr, grid, side="right") - 1]
        series.append(Series(row_title(row), grid, reached))
    return line_chart(
        series,
        title="ROC",
        x_label="false accepts",
        y_label="true accepts",
        x_range=(lowest, 1),
        y_range=(0, 1),
        log_x=True,
    )
