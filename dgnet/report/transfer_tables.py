"""Tables of direct transfer: one model on data sets it never saw, beside what was published."""

from __future__ import annotations

from collections.abc import Mapping

from dgnet.report.published import dataset_title, published_transfer
from dgnet.report.result_tables import AP_NOTE, ordered, percentages, result_columns, row_title
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.ranking import RetrievalResult

Results = Mapping[str, RetrievalResult]


def transfer_table(targets: Mapping[str, Results], trained_on: str) -> Table:
    """A row a data set, of the results' last known row (both features together, where there are two).

    Published figures stand beside where there are any for the pair of data sets; they are DG-Net's, by the trapezoid.
    """
    published = {target: published_transfer(trained_on, target) for target in targets}
    any_published = any(published.values())
    columns = [Column("tested on"), Column("feature"), *result_columns("this run" if any_published else "")]
    note = AP_NOTE
    if any_published:
        columns += [Column(name, best=None, group="published") for name in ("Rank@1", "Rank@5", "Rank@10", "mAP")]
        sources = sorted({figures.source for figures in published.values() if figures})
        note += (
            f" Published: DG-Net trained on {dataset_title(trained_on)}, the authors' {' and '.join(sources)}, 2019."
        )
    rows: list[tuple[Cell, ...]] = []
    for target, results in targets.items():
        key, result = headline(results)
        row: tuple[Cell, ...] = (dataset_title(target), row_title(key), *percentages(result))
        if any_published:
            figures = published[target]
            row += (figures.rank1, figures.rank5, figures.rank10, figures.mean_ap) if figures else (None,) * 4
        rows.append(row)
    title = f"Trained on {dataset_title(trained_on)}" if trained_on else "Direct transfer"
    return Table("transfer", title, tuple(columns), tuple(rows), note)


def transfer_features_table(targets: Mapping[str, Results]) -> Table:
    """Every feature, and every protocol that was asked for, on every data set."""
    rows: list[tuple[Cell, ...]] = [
        (dataset_title(target), row_title(key), *percentages(result))
        for target, results in targets.items()
        for key, result in ordered(results)
    ]
    columns = (Column("tested on"), Column("feature"), *result_columns())
    return Table("transfer_features", "Every feature", columns, tuple(rows), AP_NOTE)


def headline(results: Results) -> tuple[str, RetrievalResult]:
    """The row that stands for a model: both features together, else the last known one, else the last."""
    plain = [row for row in ordered(results) if ", " not in row[0]] or ordered(results)
    known = [row for row in plain if row[0] in ("baseline", "f_prim", "f_fine", "f_prim+f_fine")]
    return (known or plain)[-1]
