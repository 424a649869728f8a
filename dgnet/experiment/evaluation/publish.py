"""The last step of every evaluation: writing figures as JSON, tables as CSV and LaTeX, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from dgnet.experiment.evaluation.outputs import Evaluated
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.whole_file import write_text_whole
from dgnet.report.report import Report, report_tables, results_of, write_report, write_tables


class Published(NamedTuple):
    """`page` is the path of the HTML page; `text` is to be printed: doubts, the first table, and notes."""

    page: Path
    text: str


def publish(report: Report, out: Path, evaluated: Evaluated) -> Published:
    """Write `results.json`, `tables/` and `report.html` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(out)
    figures = {"evaluated": evaluated.as_dict(out), **results_of(report)}
    write_text_whole(folder.results, json.dumps(figures, indent=1) + "\n")
    write_tables(folder.tables, report)
    page = write_report(folder.page, report)
    doubts = "".join(f"Mind: {sentence}\n" for sentence in report.doubts)
    notes = "".join(f"Note: {sentence}\n" for sentence in report.notes)
    return Published(page, doubts + report_tables(report)[0].to_text() + notes)
