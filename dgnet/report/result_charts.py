"""The figures of the retrieval section: CMC and ROC curves, and the matrix of camera pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dgnet.report.charts import Series, line_chart
from dgnet.report.result_tables import row_title
from dgnet.retrieval.cameras import CameraPairs
from dgnet.retrieval.verification import Roc


def cmc_chart(curves: Mapping[str, npt.NDArray[np.float64]]) -> str:
    """Fraction of queries answered within the first k, for each row's curve (value k-1 is at rank k)."""
    series = [Series(row_title(key), np.arange(1, len(curve) + 1, dtype=float), curve) for key, curve in curves.items()]
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


def roc_chart(rocs: Mapping[str, Roc]) -> str:
    """True against false accepts, false ones on a logarithmic axis from one pair in ten thousand."""
    lowest = 1e-4
    series = []
    for key, roc in rocs.items():
        grid = np.geomspace(lowest, 1, 200)
        # The ROC is a staircase: at each FPR, the best TPR reached by then.
        reached = roc.tpr[np.searchsorted(roc.fpr, grid, side="right") - 1]
        series.append(Series(row_title(key), grid, reached))
    return line_chart(
        series,
        title="Same person or not (ROC)",
        x_label="false accepts",
        y_label="true accepts",
        x_range=(lowest, 1),
        y_range=(0, 1),
        log_x=True,
    )


def camera_matrix_html(pairs: CameraPairs) -> str:
    """mAP of queries of the row's camera in the gallery of the column's, darker where higher."""
    head = "".join(f'<th scope="col">to {camera}</th>' for camera in pairs.cameras)
    body = ""
    for camera, row in zip(pairs.cameras, pairs.map_step, strict=True):
        cells = "".join(
            "<td>–</td>" if np.isnan(value) else f'<td style="--heat:{55 * value:.0f}">{100 * value:.1f}</td>'
            for value in row
        )
        body += f'<tr><th scope="row">from {camera}</th>{cells}</tr>'
    return (
        f'<div class="scroll"><table class="cameras"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody>'
        '</table></div><p class="note">mAP step, per cent: queries of one camera against the gallery of another.</p>'
    )
