"""The last step of every evaluation: figures as JSON, tables as CSV and LaTeX, and the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from dgnet.experiment.run_folder import RunFolder
from dgnet.files.whole_file import write_text_whole
from dgnet.quality.truth import SwapError
from dgnet.report.report import Report, report_tables, write_report, write_tables
from dgnet.retrieval.ranking import RetrievalResult


class Published(NamedTuple):
    """The page, and its first table to print."""

    page: Path
    text: str


def publish(report: Report, out: Path) -> Published:
    """Write `results.json`, `tables/` and `report.html` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(out)
    write_text_whole(folder.results, json.dumps(results_dict(report), indent=1) + "\n")
    write_tables(folder.tables, report)
    first = report_tables(report)[0]
    return Published(write_report(folder.page, report), first.to_text())


def results_dict(report: Report) -> dict[str, Any]:
    """Every figure of the report, as written to `results.json`; what was not measured is null or empty."""
    structure = report.structure
    return {
        "retrieval": as_rows(report.retrieval),
        "transfer": {target: as_rows(rows) for target, rows in report.transfer.items()},
        "swap_error": _with_ratio(report.swap_error),
        "pasted_swap_error": _with_ratio(report.pasted_error),
        "identity_consistency": asdict(report.identity) if report.identity else None,
        "structure_consistency": {**asdict(structure), "code_ratio": structure.code_ratio} if structure else None,
        "diversity": {name: asdict(found) for name, found in report.diversity.items()},
        "realism": asdict(report.realism) if report.realism else None,
        "verification": {
            name: {"area": roc.area, "equal_error": asdict(roc.equal_error())}
            for name, roc in report.verification.items()
        },
    }


def _with_ratio(error: SwapError | None) -> dict[str, Any] | None:
    return {**asdict(error), "ratio": error.ratio} if error else None


def as_rows(results: Mapping[str, RetrievalResult]) -> dict[str, Any]:
    """Retrieval figures by row."""
    return {name: asdict(result) for name, result in results.items()}
