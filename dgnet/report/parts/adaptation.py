"""Adaptation to images without labels: the clusters by epoch, and pictures of some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from dgnet.files.images import ImagesU8
from dgnet.report.charts import Series, line_chart
from dgnet.report.images import picture, ratio
from dgnet.report.page import Section, Tile
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table

JUDGED = {"map": "mAP", "purity": "purity", "rand": "adjusted Rand index"}  # names in the log: on the page


@dataclass(frozen=True)
class InUse:
    """mAP (0 to 1) on test people by the features that searches rank by: whitened, where a model is."""

    given: float
    written: float


@dataclass(frozen=True)
class Epochs(Part):
    """The log's lines about the clusters of each epoch, in order, and the epoch that was kept.

    A line has epoch (`step`), clusters, outliers, copies, eps and score; where labels were given for judging, purity
    and rand, and where there are test images, map, which is of features before they are whitened. With test images
    `in_use` says what the model that was given and the one that was written give those who search.
    """

    lines: Sequence[Mapping[str, Any]]
    best: int
    in_use: InUse | None = None

    printed = True

    def tables(self) -> list[Table]:
        judged = [name for name in JUDGED if name in self.lines[0]]
        columns = (
            Column("epoch"),
            *map(Column, ("clusters", "outliers", "copies")),
            *(Column("eps", digits=2), Column("score", digits=3)),
            *(Column(JUDGED[name], best="max", group="judged by labels") for name in judged),
        )
        rows: list[tuple[Cell, ...]] = []
        for line in self.lines:
            epoch = f"{line['step']}, kept" if line["step"] == self.best else str(line["step"])
            counts = (str(line[name]) for name in ("clusters", "outliers", "copies"))
            figures = tuple(100 * float(line[name]) for name in judged)
            rows.append((epoch, *counts, float(line["eps"]), float(line["score"]), *figures))
        if self.in_use:
            for name, found in (("given, in use", self.in_use.given), ("written, in use", self.in_use.written)):
                rows.append((name, *(100 * found if column.name == JUDGED["map"] else None for column in columns[1:])))
        note = "Epoch 0 is the model that was given. The epoch with the highest score is kept. Outliers are in no "
        note += "cluster; copies are near copies of other images, and left out."
        if judged:
            note += " Per cent where judged by labels, which adaptation does not read."
        if self.in_use:
            note += " By epoch mAP is of features before they are whitened; in use, of those that searches rank by."
        return [Table("epochs", "Clusters by epoch", columns, tuple(rows), note)]

    def tiles(self) -> list[Tile]:
        first, kept = self.lines[0], next(line for line in self.lines if line["step"] == self.best)
        tiles = [
            Tile(str(kept["clusters"]), "clusters", f"{first['clusters']} at the start"),
            Tile(str(kept["outliers"]), "images left out", f"{first['outliers']} at the start"),
        ]
        for name in JUDGED:
            if name in kept:
                before, after = first[name], kept[name]
                if name == "map" and self.in_use:
                    before, after = self.in_use.given, self.in_use.written
                change = 100 * (after - before)
                tiles.append(Tile(f"{100 * after:.1f}", JUDGED[name], f"{change:+.1f} since the start", change >= 0))
        return tiles

    def section(self) -> Section:
        charts = [self._chart("Clusters and outliers", ("clusters", "outliers"), "images or clusters", 1.0)]
        charts.append(self._chart("Score, without labels", ("score",), "score", 1.0))
        judged = [name for name in JUDGED if name in self.lines[0]]
        if judged:
            charts.append(self._chart("Judged by labels", judged, "per cent", 100.0))
        body = f'<div class="charts">{"".join(charts)}</div>{self.tables()[0].to_html()}'
        return Section("Epochs", body, "Each epoch clusters all images anew, with the features learnt so far.")

    def _chart(self, title: str, names: Sequence[str], label: str, factor: float) -> str:
        x = np.array([line["step"] for line in self.lines], dtype=np.float64)
        series = [
            Series(JUDGED.get(name, name), x, factor * np.array([line[name] for line in self.lines], dtype=np.float64))
            for name in names
        ]
        top = 100.0 if factor == 100 else max(1e-3, *(float(one.y.max()) for one in series)) * 1.05
        low = min(0.0, *(float(one.y.min()) for one in series))
        x_range, y_range = (0.0, max(1.0, float(x[-1]))), (low, top)
        return line_chart(series, title=title, x_label="epoch", y_label=label, x_range=x_range, y_range=y_range)

    def as_dict(self) -> dict[str, Any]:
        figures: dict[str, Any] = {"epochs": [dict(line) for line in self.lines], "kept": self.best}
        return figures | ({"in_use": asdict(self.in_use)} if self.in_use else {})


@dataclass(frozen=True)
class ClusterRow:
    """Images N×H×W×3 of one cluster; `right`, where labels are known: whether each shows its most frequent person."""

    images: ImagesU8
    caption: str
    right: Sequence[bool] | None = None


@dataclass(frozen=True)
class ClusterPictures(Part):
    """Clusters as rows of pictures, by the heading above them."""

    rows: Mapping[str, Sequence[ClusterRow]]
    columns: int

    def section(self) -> Section | None:
        body = ""
        for heading, rows in self.rows.items():
            body += f"<h3>{escape(heading)}</h3>" + "".join(self._row(row) for row in rows)
        judged = any(row.right is not None for rows in self.rows.values() for row in rows)
        lead = "One row per cluster, the images that fit best first."
        if judged:
            lead += " Green: the most frequent person of the cluster by the labels given for judging; red: another."
        return Section("Clusters", body, lead) if body else None

    def _row(self, row: ClusterRow) -> str:
        cells = ""
        for place, image in enumerate(row.images):
            kind = "made" if row.right is None else "right" if row.right[place] else "wrong"
            cells += picture(image, kind, f"image {place + 1} of the row")
        style = f"--columns:{self.columns};{ratio(row.images)}"
        strip = f'<div class="scroll"><div class="strip" style="{style}">{cells}</div></div>'
        return f'{strip}<p class="caption">{escape(row.caption)}</p>'
