"""`dgnet compare`: several runs on one page; runs of one preset that differ in their seed as a mean and its spread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from dgnet.config import ConfigError, differing
from dgnet.experiment.run_folder import RunFolder
from dgnet.report.report import Report, write_report, write_tables
from dgnet.retrieval.ranking import RetrievalResult


def compare(runs: Sequence[Path], out: Path) -> Path:
    """Write `report.html` and `tables/` about finished runs into `out`, and return the page's path.

    Raises:
        OutputError: `out` cannot be written to, or is a run's folder.
        ConfigError: fewer than two runs, a folder without a finished run, or two runs of one name.
    """
    if len(runs) < 2:
        raise ConfigError(f"found {len(runs)} run, must be at least two to compare")
    configs = [RunFolder(run).load_config() for run in runs]
    results = [read_results(run) for run in runs]
    facts = [("runs", ", ".join(str(run) for run in runs)), ("data", ", ".join(sorted({c.data.name for c in configs})))]
    seeds = [config.seed for config in configs]
    if len(set(seeds)) == len(seeds) and not any(differing(configs[0], config, "repeat") for config in configs):
        title = f"{configs[0].preset}, seeds {', '.join(map(str, seeds))}"
        report = Report(title=title, facts=facts, seeds=dict(zip(seeds, results, strict=True)))
    else:
        names = [run.resolve().name for run in runs]
        if len(set(names)) < len(names):
            raise ConfigError(f"two runs have one name among {', '.join(names)}: rename a folder")
        report = Report(title=" against ".join(names), facts=facts, comparison=dict(zip(names, results, strict=True)))
    out.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(out)
    write_tables(folder.tables, report)
    return write_report(folder.page, report)


def read_results(run: Path) -> dict[str, RetrievalResult]:
    """The retrieval figures that a run saved.

    Raises:
        ConfigError: it has none.
    """
    path = RunFolder(run).results
    if not path.is_file():
        raise ConfigError(f"{run}: no {path.name} here; give the folder of a run that has finished")
    rows = json.loads(path.read_text(encoding="utf-8"))["retrieval"]
    return {
        name: RetrievalResult(**{**row, "cmc": {int(rank): value for rank, value in row["cmc"].items()}})
        for name, row in rows.items()
    }
