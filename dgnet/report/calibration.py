"""The page of a calibration: thresholds, how far they can be trusted, and whether probabilities come true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dgnet.gallery.calibration.calibration import Calibration, Measured
from dgnet.gallery.calibration.rates import Interval
from dgnet.report.charts import Series, line_chart
from dgnet.report.page import Section, Tile, render_page
from dgnet.report.tables import Cell, Column, Table

MOST_CAMERAS = 200  # pairs of cameras in the table


def calibration_page(address: str, model: str, calibration: Calibration) -> str:
    """The whole HTML document."""
    whole, judged = calibration.overall, calibration.reliability
    facts = [
        ("Gallery", address),
        ("Model", f"{model} ({calibration.model_hash[:12]})"),
        ("Measured on", calibration.data),
        ("People, images", f"{whole.num_people:,}, {calibration.num_images:,}"),
        ("Pairs of one person, of two", f"{whole.num_same:,}, {whole.num_different:,}"),
        ("Date", calibration.date),
    ]
    tiles = [
        Tile(f"{one.threshold:.3f}", f"threshold at {one.asked:g} false accepts", _true_accepts(one.tar))
        for one in whole.thresholds
    ]
    sections = [
        Section("Thresholds", thresholds_table(whole).to_html(), THRESHOLDS_LEAD),
        Section(
            "Do probabilities come true?",
            f'<div class="charts">{reliability_chart(calibration)}{curve_chart(calibration)}</div>',
            f"{RELIABILITY_LEAD} Mean difference: {judged.error:.3f}. Log loss: {judged.log_loss:.3f} of what knowing "
            f"only the share of true pairs ({judged.prior:.2g}) gives; 0 is perfect, 1 is worth nothing. Where no "
            f"other prior is given, probabilities assume that {calibration.prior:.2g} of all pairs are of one person.",
        ),
    ]
    if calibration.cameras or calibration.too_few:
        sections.append(Section("Pairs of cameras", cameras_table(calibration).to_html(), CAMERAS_LEAD))
    return render_page("How sure is this gallery?", facts, tiles, sections)


THRESHOLDS_LEAD = (
    "From a threshold on, two images are called the same person. False accepts are the share of pairs of two people "
    "that are accepted. Intervals hold for new people in 95 of 100 cases: they count people, not pairs. From the safe "
    "threshold on, even the upper end of the false accepts is within what was asked."
)
RELIABILITY_LEAD = (
    "The people were divided into two halves by chance, and each half was judged by what was learnt from the other. Of "
    "pairs of about one predicted probability, the share that is of one person, at a prior of one half."
)
CAMERAS_LEAD = (
    "Pairs between two cameras that there were enough of have thresholds and probabilities of their own; for all "
    "others those of all pairs are used. Pairs of one person by one camera are left out unless they were asked for."
)


def thresholds_table(measured: Measured) -> Table:
    """One row for each false-accept rate that was asked for."""
    columns = (
        Column("false accepts asked"),
        Column("threshold", digits=3),
        Column("95% from", digits=3),
        Column("safe", digits=3),
        Column("false accepts", digits=3),
        Column("95% interval"),
        Column("true accepts"),
        Column("95% interval"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in measured.thresholds:
        true = one.tar
        row: tuple[Cell, ...] = (f"{one.asked:g}", one.threshold, one.lowest, one.safe, f"{one.far.rate:.3g}")
        row += (f"{one.far.low:.2g} to {one.far.high:.2g}", f"{true.rate:.3f}" if true else None)
        rows.append((*row, f"{true.low:.3f} to {true.high:.3f}" if true else None))
    rows += [(f"{one.asked:g}", f"refused: {one.reason}", *[None] * 6) for one in measured.refused]
    note = (
        f"{measured.num_people:,} people; {measured.num_same:,} pairs of one person, {measured.num_different:,} of two."
    )
    return Table("thresholds", "Thresholds", columns, tuple(rows), note)


def cameras_table(calibration: Calibration) -> Table:
    """One row for each pair of cameras: its thresholds, or why it has none."""
    whole = calibration.overall
    fars = [*(one.asked for one in whole.thresholds), *(one.asked for one in whole.refused)]
    columns = (Column("cameras"), Column("people"), *(Column(f"threshold at {far:g}", digits=3) for far in fars))
    columns += (Column("true accepts there, in order"), Column("left out because"))
    rows: list[tuple[Cell, ...]] = []
    for pair, measured in sorted(calibration.cameras.items())[:MOST_CAMERAS]:
        found = {one.asked: one for one in measured.thresholds}
        true = ", ".join(f"{one.tar.rate:.2f}" for one in measured.thresholds if one.tar)
        numbers: Sequence[Cell] = [found[far].threshold if far in found else None for far in fars]
        why = "; ".join(f"{one.asked:g}: {one.reason}" for one in measured.refused) or None
        rows.append((" – ".join(pair), f"{measured.num_people}", *numbers, true, why))
    for pair, reason in sorted(calibration.too_few.items())[: MOST_CAMERAS - len(rows)]:
        rows.append((" – ".join(pair), None, *[None] * len(fars), None, reason))
    left = len(calibration.cameras) + len(calibration.too_few) - len(rows)
    note = f"{left} more pairs of cameras are not shown." if left else ""
    return Table("cameras", "Pairs of cameras", columns, tuple(rows), note)


def reliability_chart(calibration: Calibration) -> str:
    """Found share over predicted probability, at a prior of one half."""
    judged = calibration.reliability
    line = np.array([0.0, 1.0])
    return line_chart(
        [
            Series("as predicted", line, line, faint=True),
            Series("found, on people left out", np.array(judged.predicted), np.array(judged.found)),
        ],
        title="Reliability",
        x_label="predicted probability of one person",
        y_label="share found",
        x_range=(0, 1),
        y_range=(0, 1),
    )


def curve_chart(calibration: Calibration) -> str:
    """The probability over the similarity, at the assumed prior and at one half."""
    curve = calibration.overall.curve
    low, high = min(curve.similarity[0], 0.0), max(curve.similarity[-1], 1.0)
    grid = np.linspace(low, high, 200)
    assumed = f"where {calibration.prior:.2g} of pairs are of one person"
    return line_chart(
        [
            Series(assumed, grid, curve.probability(grid, calibration.prior)),
            Series("where half are", grid, curve.probability(grid, 0.5)),
        ],
        title="Probability of one person",
        x_label="similarity",
        y_label="probability",
        x_range=(low, high),
        y_range=(0, 1),
    )


def _true_accepts(interval: Interval | None) -> str:
    return f"{interval.rate:.0%} of true pairs pass" if interval else ""
