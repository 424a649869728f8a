"""`dgnet compare`: several runs on one page. Runs that differ only in their seed are shown as mean and deviation."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from dgnet.config import ConfigError, differing
from dgnet.experiment.evaluation.outputs import Evaluated, check_report_folder, folder_for
from dgnet.experiment.evaluation.publish import Published, publish
from dgnet.experiment.run_folder import RunFolder
from dgnet.report.part import Part
from dgnet.report.parts.galleries.comparison import Comparison, Seeds
from dgnet.report.report import Report
from dgnet.retrieval.ranking.ranks import RetrievalResult
from dgnet.retrieval.rows import Row, rows_from_json

USUAL_OUT = Path("runs/comparison")


def compare(runs: Sequence[Path], out: Path | None) -> Published:
    """Write `results.json`, `report.html` and `tables/` about finished runs into `out`.

    Args:
        out: None means `runs/comparison` or, if that compares other runs, the first free one of
            `runs/comparison-2`, `-3`, ...

    Raises:
        ConfigError: there are fewer than two runs, a folder holds no finished run, two runs have the same name, or
            `out` holds results of something else.
    """
    if len(runs) < 2:
        raise ConfigError(f"found {len(runs)} run, must be at least two to compare")
    if out is not None:
        check_report_folder(out, [])
    configs = [RunFolder(run).load_config() for run in runs]
    results = [read_results(run) for run in runs]
    evaluated = Evaluated(tuple(map(os.path.realpath, runs)), measures=("comparison",))
    facts = [("runs", ", ".join(str(run) for run in runs)), ("data", ", ".join(sorted({c.data.name for c in configs})))]
    seeds = [config.seed for config in configs]
    if len(set(seeds)) == len(seeds) and not any(differing(configs[0], config, "repeat") for config in configs):
        title = f"{configs[0].preset}, seeds {', '.join(map(str, seeds))}"
        part: Part = Seeds(dict(zip(seeds, results, strict=True)))
    else:
        names = [run.resolve().name for run in runs]
        if len(set(names)) < len(names):
            raise ConfigError(f"two runs have one name among {', '.join(names)}: rename a folder")
        title, part = " against ".join(names), Comparison(dict(zip(names, results, strict=True)))
    return publish(Report(title, facts, [part]), folder_for(evaluated, out, USUAL_OUT), evaluated)


def read_results(run: Path) -> dict[Row, RetrievalResult]:
    """The retrieval figures in a run's `results.json`.

    Raises:
        ConfigError: the file does not exist, or holds no such figures.
    """
    path = RunFolder(run).results
    if not path.is_file():
        raise ConfigError(f"{run}: no {path.name} here; give the folder of a run that has finished")
    try:
        return rows_from_json(json.loads(path.read_text(encoding="utf-8"))["retrieval"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: no figures can be read here ({error!r}); evaluate the run again") from error
