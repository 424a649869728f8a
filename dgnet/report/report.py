"""A report: `write_report` makes one self-contained page, `write_tables` CSV and LaTeX, `results_of` a dictionary.

The caller measures and draws; every measure brings its own tables, section and figures (`part.Part`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgnet.files.whole_file import written_whole
from dgnet.report.page import Section, render_page
from dgnet.report.part import Part
from dgnet.report.symbols import html_symbols
from dgnet.report.tables import Table
from dgnet.retrieval.arrays import EvaluationError


@dataclass(frozen=True)
class Report:
    """What there is to show, in the page's order.

    Args:
        facts: preset, data set, seed, machine, command, steps, time.
        notes: what helps to read the figures.
        doubts: what makes figures worthless, and is to be read before them.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    parts: Sequence[Part] = ()
    notes: Sequence[str] = ()
    doubts: Sequence[str] = ()

    @property
    def printed_first(self) -> list[Part]:
        """The parts, those that are shown in the terminal first."""
        return sorted(self.parts, key=lambda part: not part.printed)


def write_report(path: Path, report: Report) -> Path:
    """Write the page to `path`, whole or not at all, and return it."""
    tiles = [tile for part in report.printed_first for tile in part.tiles()]
    sections = [section for part in report.parts if (section := part.section())]
    if report.doubts:
        sections.insert(0, Section("Before you read the figures", _list(report.doubts)))
    if report.notes:
        sections.append(Section("Notes", _list(report.notes)))
    write_text(path, render_page(report.title, report.facts, tiles, sections))
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
    """The tables that the report holds, the one to print first."""
    return [table for part in report.printed_first for table in part.tables()]


def results_of(report: Report) -> dict[str, Any]:
    """Every figure of the report, ready for JSON; what was not measured is not there."""
    found = {name: value for part in report.printed_first for name, value in part.as_dict().items()}
    return found | {"doubts": list(report.doubts), "notes": list(report.notes)}


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


def _list(sentences: Sequence[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{html_symbols(sentence)}</li>" for sentence in sentences)}</ul>'
