"""A report: `write_report` writes one self-contained page, `write_tables` CSV and LaTeX; `results_of` is a dictionary.

What is in a report has been measured and drawn before; each measure is a `part.Part` with tables, section and figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgnet.files.whole_file import write_text_whole
from dgnet.report.page import Section, render_page
from dgnet.report.part import Part
from dgnet.report.symbols import html_symbols
from dgnet.report.tables import Table
from dgnet.retrieval.arrays import EvaluationError


@dataclass(frozen=True)
class Report:
    """The content of a report, its parts in the order of the page.

    Args:
        facts: (name, value) pairs: preset, data set, seed, machine, command, steps, time.
        notes: sentences that help to read the figures.
        doubts: sentences on what makes figures worthless; they stand before the figures.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    parts: Sequence[Part] = ()
    notes: Sequence[str] = ()
    doubts: Sequence[str] = ()

    @property
    def printed_first(self) -> list[Part]:
        """The parts, beginning with those whose first table is printed in the terminal."""
        return sorted(self.parts, key=lambda part: not part.printed)


def write_report(path: Path, report: Report) -> Path:
    """Write the page to `path`, whole or not at all, and return `path`."""
    tiles = [tile for part in report.printed_first for tile in part.tiles()]
    sections = [section for part in report.parts if (section := part.section())]
    if report.doubts:
        sections.insert(0, Section("Before you read the figures", _list(report.doubts)))
    if report.notes:
        sections.append(Section("Notes", _list(report.notes)))
    write_text(path, render_page(report.title, report.facts, tiles, sections))
    return path


def write_tables(folder: Path, report: Report) -> list[Path]:
    """Write every table of the report into `folder` as NAME.csv and NAME.tex, and return the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in report_tables(report):
        for suffix, text in (("csv", table.to_csv()), ("tex", table.to_latex())):
            written.append(folder / f"{table.name}.{suffix}")
            write_text(written[-1], text)
    return written


def report_tables(report: Report) -> list[Table]:
    """All tables of the report; the first is the one to print."""
    return [table for part in report.printed_first for table in part.tables()]


def results_of(report: Report) -> dict[str, Any]:
    """Every figure of the report, ready for JSON; measures that were not taken are left out."""
    found = {name: value for part in report.printed_first for name, value in part.as_dict().items()}
    return found | {"doubts": list(report.doubts), "notes": list(report.notes)}


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all: where writing fails, the old file is kept.

    Raises EvaluationError naming the file where it cannot be written.
    """
    try:
        write_text_whole(path, text)
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be written: {error.strerror or error}") from error


def _list(sentences: Sequence[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{html_symbols(sentence)}</li>" for sentence in sentences)}</ul>'
