"""Several runs in one table, and one experiment under several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from dgnet.report.figures import AP_NOTE, MEASURES, Results, RowCells, percentages, result_columns
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.rows import Row, in_table_order, rows_to_json


@dataclass(frozen=True)
class Comparison(Part):
    """The results of several runs, by the run's name."""

    printed = True

    runs: Mapping[str, Results]

    def tables(self) -> list[Table]:
        return [comparison_table(self.runs)]

    def section(self) -> Section:
        return Section("Runs side by side", self.tables()[0].to_html())

    def as_dict(self) -> dict[str, Any]:
        return {"comparison": {name: rows_to_json(results) for name, results in self.runs.items()}}


@dataclass(frozen=True)
class Seeds(Part):
    """The results of one experiment, by seed."""

    printed = True

    by_seed: Mapping[int, Results]

    def tables(self) -> list[Table]:
        return [seeds_table(self.by_seed), each_seed_table(self.by_seed)]

    def section(self) -> Section:
        together, each = self.tables()
        details = f"<details><summary>{each.title}</summary>{each.to_html()}</details>"
        return Section("Several seeds", together.to_html() + details)

    def as_dict(self) -> dict[str, Any]:
        return {"seeds": {str(seed): rows_to_json(results) for seed, results in self.by_seed.items()}}


def comparison_table(runs: Mapping[str, Results]) -> Table:
    """All rows of all runs, run by run."""
    cells = RowCells((row for results in runs.values() for row in results), "feature")
    rows: list[tuple[Cell, ...]] = [
        (run, *cells.of(row), *percentages(result))
        for run, results in runs.items()
        for row, result in in_table_order(results)
    ]
    columns = (Column("run"), *cells.columns, *result_columns())
    return Table("comparison", "Runs side by side", columns, tuple(rows), AP_NOTE)


def seeds_table(by_seed: Mapping[int, Results]) -> Table:
    """Mean ± sample standard deviation of each row over the seeds that have it."""
    every = _rows(by_seed)
    cells = RowCells(every)
    rows: list[tuple[Cell, ...]] = []
    for row in every:
        found = [percentages(results[row]) for results in by_seed.values() if row in results]
        rows.append((*cells.of(row), str(len(found)), *_spread(found)))
    columns = (*cells.columns, Column("seeds"), *(Column(name) for name, _ in MEASURES))
    note = f"Per cent; mean ± sample standard deviation over seeds {', '.join(str(seed) for seed in by_seed)}."
    return Table("seeds", "Several seeds", columns, tuple(rows), note)


def each_seed_table(by_seed: Mapping[int, Results]) -> Table:
    """Every row under every seed."""
    every = _rows(by_seed)
    cells = RowCells(every)
    columns = (*cells.columns, Column("seed"), *(Column(name) for name, _ in MEASURES))
    rows: list[tuple[Cell, ...]] = [
        (*cells.of(row), str(seed), *percentages(results[row]))
        for row in every
        for seed, results in by_seed.items()
        if row in results
    ]
    return Table("each_seed", "Each seed", columns, tuple(rows), "Per cent.")


def _rows(by_seed: Mapping[int, Results]) -> list[Row]:
    """The rows that at least one seed has, in table order."""
    every = {row: result for results in by_seed.values() for row, result in results.items()}
    return [row for row, _ in in_table_order(every)]


def _spread(rows: Sequence[tuple[float, ...]]) -> list[str]:
    columns = list(zip(*rows, strict=True))
    if len(rows) == 1:
        return [f"{column[0]:.1f}" for column in columns]
    return [f"{mean(column):.1f} ± {stdev(column):.1f}" for column in columns]
