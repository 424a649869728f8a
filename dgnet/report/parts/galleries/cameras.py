"""Retrieval between every two cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.ranking.cameras import CameraPairs


@dataclass(frozen=True)
class Cameras(Part):
    """mAP of the queries of each camera in the gallery of each camera."""

    pairs: CameraPairs

    def tables(self) -> list[Table]:
        return [camera_table(self.pairs)]

    def section(self) -> Section:
        lead = "Which pairs of views are hard."
        return Section("Between cameras", camera_matrix_html(self.pairs), lead)


def camera_table(pairs: CameraPairs) -> Table:
    """mAP (step) of every ordered pair of cameras; None where no query of the one has a true match in the other."""
    columns = (Column("query camera"), *(Column(f"gallery {camera}") for camera in pairs.cameras))
    rows: list[tuple[Cell, ...]] = []
    for camera, row in zip(pairs.cameras, pairs.map_step, strict=True):
        rows.append((str(camera), *(None if np.isnan(value) else 100 * float(value) for value in row)))
    return Table("cameras", "Between cameras, mAP step", columns, tuple(rows), "Per cent.")


def camera_matrix_html(pairs: CameraPairs) -> str:
    """mAP (step) as an HTML table: queries' cameras down, gallery cameras across; a higher mAP has a darker cell."""
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
