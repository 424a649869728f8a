"""A run on one page: `write_report` makes one self-contained report.html, `write_tables` CSV and LaTeX.

The caller measures and draws; here figures and uint8 images are laid out. Every part is optional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.files.whole_file import written_whole
from dgnet.quality.consistency import IdentityConsistency, StructureConsistency
from dgnet.quality.diversity import Diversity
from dgnet.quality.realism import Realism
from dgnet.quality.truth import SwapError
from dgnet.report.consistency_tables import identity_table, structure_table
from dgnet.report.page import Section, Tile, render_page
from dgnet.report.pictures import (
    Interpolation,
    RankedQuery,
    SwapGrid,
    TrueSwaps,
    interpolation_html,
    ranked_html,
    swap_grid_html,
    true_swaps_html,
)
from dgnet.report.result_charts import camera_matrix_html, cmc_chart, roc_chart
from dgnet.report.result_tables import (
    ROW_TITLES,
    camera_table,
    comparison_table,
    each_seed_table,
    ordered,
    peers_table,
    realism_table,
    retrieval_table,
    row_title,
    seeds_table,
    swap_error_table,
    verification_table,
)
from dgnet.report.symbols import html_symbols
from dgnet.report.tables import Table
from dgnet.report.training_curves import training_curves
from dgnet.report.transfer_tables import transfer_features_table, transfer_table
from dgnet.retrieval.arrays import EvaluationError
from dgnet.retrieval.cameras import CameraPairs
from dgnet.retrieval.ranking import RetrievalResult
from dgnet.retrieval.verification import Roc


@dataclass(frozen=True)
class Report:
    """What a run has to show. Rows of `retrieval` are named `baseline`, `f_prim`, `f_fine`, `f_prim+f_fine`."""

    title: str
    facts: Sequence[tuple[str, str]] = ()  # preset, data set, seed, machine, command, steps, time ...
    dataset: str | None = None  # key of the published figures, such as market1501
    retrieval: Mapping[str, RetrievalResult] = field(default_factory=dict)
    seeds: Mapping[int, Mapping[str, RetrievalResult]] = field(default_factory=dict)  # seed -> rows as above
    comparison: Mapping[str, Mapping[str, RetrievalResult]] = field(default_factory=dict)  # run name -> rows
    transfer: Mapping[str, Mapping[str, RetrievalResult]] = field(default_factory=dict)  # tested on -> rows
    trained_on: str = ""  # key of the data set that the model of `transfer` was trained on
    cmc_curves: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)  # row -> value k-1 at rank k
    verification: Mapping[str, Roc] = field(default_factory=dict)
    cameras: CameraPairs | None = None
    swap_error: SwapError | None = None
    pasted_error: SwapError | None = None  # of the same swaps, pasted on x_j
    realism: Realism | None = None
    diversity: Mapping[str, Diversity] = field(default_factory=dict)  # such as "SSIM, generated, same person"
    identity: IdentityConsistency | None = None
    structure: StructureConsistency | None = None
    swap_grid: SwapGrid | None = None
    true_swaps: TrueSwaps | None = None
    interpolations: Sequence[Interpolation] = ()
    ranked: Mapping[str, Sequence[RankedQuery]] = field(default_factory=dict)  # heading -> rows
    log: Sequence[Mapping[str, Any]] = ()  # lines of the training log, each with `step`
    notes: Sequence[str] = ()


def write_report(path: Path, report: Report) -> Path:
    """Write the page to `path`, whole or not at all, and return it."""
    write_text(path, render_page(report.title, report.facts, _tiles(report), _sections(report)))
    return path


def write_tables(folder: Path, report: Report) -> list[Path]:
    """Write every table of the report into `folder` as NAME.csv and NAME.tex; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in report_tables(report):
        for suffix, text in (("csv", table.to_csv()), ("tex", table.to_latex())):
            written.append(folder / f"{table.name}.{suffix}")
            write_text(written[-1], text)
    return written


def report_tables(report: Report) -> list[Table]:
    """The tables that the report holds, in the page's order."""
    tables = []
    if report.retrieval:
        tables.append(retrieval_table(report.retrieval, report.dataset))
    if report.transfer:
        tables += [transfer_table(report.transfer, report.trained_on), transfer_features_table(report.transfer)]
    if report.verification:
        tables.append(verification_table(report.verification))
    if report.cameras:
        tables.append(camera_table(report.cameras))
    if report.seeds:
        tables += [seeds_table(report.seeds), each_seed_table(report.seeds)]
    if report.comparison:
        tables.append(comparison_table(report.comparison))
    if report.swap_error:
        tables.append(swap_error_table(report.swap_error, report.pasted_error))
    if report.identity:
        tables.append(identity_table(report.identity))
    if report.structure:
        tables.append(structure_table(report.structure))
    if report.realism or report.diversity:
        tables.append(realism_table(report.realism, report.diversity))
    return tables


def write_text(path: Path, text: str) -> None:
    """Write a text file beside its place, then put it there: a failure leaves what was there before.

    Raises EvaluationError naming the file where it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be written: {error.strerror or error}") from error


def _sections(report: Report) -> list[Section]:
    """The page top to bottom: what people look at first, then the figures, then how it came about."""
    sections = []
    if report.swap_grid:
        sections.append(
            Section(
                "Swapped people",
                swap_grid_html(report.swap_grid),
                "Every picture wears the clothes of its row's person, in the body, pose and place of its column's.",
            )
        )
    if report.true_swaps or report.swap_error:
        body = true_swaps_html(report.true_swaps) if report.true_swaps else ""
        if report.swap_error:
            body += f"<h3>Error</h3>{swap_error_table(report.swap_error, report.pasted_error).to_html()}"
        lead = "Both factors of a synthetic person are known, so the true swapped image exists."
        sections.append(Section("Against the true swap", body, lead))
    if report.interpolations:
        body = "".join(interpolation_html(strip) for strip in report.interpolations)
        lead = "One body and pose, while the appearance code moves in a straight line from one person to another."
        sections.append(Section("Interpolation", body, lead))
    if report.identity or report.structure:
        parts = [identity_table(report.identity)] if report.identity else []
        parts += [structure_table(report.structure)] if report.structure else []
        body = "".join(f"<h3>{html_symbols(table.title)}</h3>{table.to_html()}" for table in parts)
        lead = "x_ij should be person i to a re-id model, and stand where x_j stands."
        sections.append(Section("What a swap keeps", body, lead))
    if report.realism or report.diversity:
        body = realism_table(report.realism, report.diversity).to_html()
        sections.append(Section("Realism and diversity", body, "Generated people as a set, beside real ones."))
    if report.retrieval:
        sections.append(_retrieval_section(report))
    if report.transfer:
        sections.append(_transfer_section(report))
    if report.seeds:
        each = each_seed_table(report.seeds)
        body = (
            f"{seeds_table(report.seeds).to_html()}<details><summary>{each.title}</summary>{each.to_html()}</details>"
        )
        sections.append(Section("Several seeds", body))
    if report.comparison:
        sections.append(Section("Runs side by side", comparison_table(report.comparison).to_html()))
    if report.ranked:
        body = "".join(f"<h3>{escape(heading)}</h3>{ranked_html(rows)}" for heading, rows in report.ranked.items())
        lead = "A query on the left, then its best answers in order: green and ✓ the same person, red and ✗ another."
        sections.append(Section("Ranked galleries", body, lead))
    if curves := training_curves(report.log):
        sections.append(Section("Training", curves))
    if report.notes:
        sections.append(Section("Notes", _notes(report.notes)))
    return sections


def _retrieval_section(report: Report) -> Section:
    body = retrieval_table(report.retrieval, report.dataset).to_html()
    charts = []
    if report.cmc_curves:
        charts.append(cmc_chart(report.cmc_curves))
    if report.verification:
        charts.append(roc_chart(report.verification))
    body += f'<div class="charts">{"".join(charts)}</div>' if charts else ""
    if report.verification:
        body += f"<h3>Same person or not</h3>{verification_table(report.verification).to_html()}"
    if report.cameras:
        body += f"<h3>Between cameras</h3>{camera_matrix_html(report.cameras)}"
    peers = peers_table(report.dataset) if report.dataset else None
    if peers:
        body += f"<details><summary>{peers.title}: other methods</summary>{peers.to_html()}</details>"
    result = next(iter(report.retrieval.values()))
    lead = (
        f"{result.num_valid:,} of {result.num_query:,} queries have a true match; "
        f"the gallery holds {result.num_gallery:,} images."
    )
    return Section("Retrieval", body, lead)


def _transfer_section(report: Report) -> Section:
    table, every = transfer_table(report.transfer, report.trained_on), transfer_features_table(report.transfer)
    body = f"<h3>{escape(table.title)}</h3>{table.to_html()}"
    if report.cmc_curves and not report.retrieval:
        body += f'<div class="charts">{cmc_chart(report.cmc_curves)}</div>'
    body += f"<details><summary>{every.title}</summary>{every.to_html()}</details>"
    return Section("Direct transfer", body, "One model as it is, on each data set.")


def _tiles(report: Report) -> list[Tile]:
    """Both features (or the table's last row) against the first row, and the swap error."""
    tiles = []
    rows = ordered(report.retrieval)
    rows = [row for row in rows if row[0] in ROW_TITLES] or rows
    if rows:
        (_, first), (key, last) = rows[0], rows[-1]
        for label, value, base in (
            ("Rank@1", last.rank1, first.rank1),
            ("mAP step", last.map_step, first.map_step),
            ("mAP trapezoid", last.map_trapezoid, first.map_trapezoid),
        ):
            gain = 100 * (value - base)
            change = f"{row_title(key)}: {gain:+.1f} on {row_title(rows[0][0])}" if len(rows) > 1 else row_title(key)
            tiles.append(Tile(f"{100 * value:.1f}", label, change, gain > 0 if len(rows) > 1 else None))
    if report.swap_error:
        ratio = report.swap_error.ratio
        tiles.append(Tile(f"{ratio:.2f} ×", "L1 to the true swap", "of copying x_j", ratio < 1))
    return tiles


def _notes(notes: Sequence[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{html_symbols(note)}</li>" for note in notes)}</ul>'
