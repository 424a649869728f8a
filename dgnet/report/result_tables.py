"""The tables of a report: retrieval beside the published figures, swap error, seeds, runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev

import numpy as np

from dgnet.quality.diversity import Diversity
from dgnet.quality.realism import Realism
from dgnet.quality.truth import SwapError
from dgnet.report.published import PublishedFigures, dataset_title, published_peers, published_reid
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.cameras import CameraPairs
from dgnet.retrieval.ranking import RetrievalResult
from dgnet.retrieval.verification import Roc

Results = Mapping[str, RetrievalResult]

# Keys of a run's results in the order of the published tables, and what a reader sees.
ROW_TITLES = {"baseline": "Baseline", "f_prim": "f_prim", "f_fine": "f_fine", "f_prim+f_fine": "f_prim + f_fine"}

_MEASURES: tuple[tuple[str, Callable[[RetrievalResult], float]], ...] = (
    ("Rank@1", lambda result: result.cmc[1]),
    ("Rank@5", lambda result: result.cmc[5]),
    ("Rank@10", lambda result: result.cmc[10]),
    ("Rank@20", lambda result: result.cmc[20]),
    ("mAP step", lambda result: result.map_step),
    ("mAP trapezoid", lambda result: result.map_trapezoid),
    ("mINP", lambda result: result.minp),
)
_FPRS = (0.1, 0.01, 0.001, 0.0001)
AP_NOTE = (
    "Per cent. mAP step is torchreid's and fast-reid's average precision, mAP trapezoid that of Market-1501's own "
    "evaluation code, which the published tables use."
)


def ordered(results: Results) -> list[tuple[str, RetrievalResult]]:
    """The known rows in the tables' order, then any others as they come."""
    known = [key for key in ROW_TITLES if key in results]
    return [(key, results[key]) for key in [*known, *(key for key in results if key not in ROW_TITLES)]]


def row_title(key: str) -> str:
    """What a reader sees of a row's key; after a comma stands by which protocol, as in `baseline, re-ranked`."""
    feature, comma, protocol = key.partition(", ")
    return ROW_TITLES.get(feature, feature) + comma + protocol


def result_columns(group: str = "") -> list[Column]:
    """The columns of `percentages`."""
    return [Column(name, best="max", group=group) for name, _ in _MEASURES]


def percentages(result: RetrievalResult) -> tuple[float, ...]:
    """Rank@1, 5, 10, 20, both mAPs and mINP, per cent."""
    return tuple(100 * value(result) for _, value in _MEASURES)


def retrieval_table(results: Results, dataset: str | None = None) -> Table:
    """Rows as in the published tables; where `dataset` has published figures they stand beside the run's own."""
    published = published_reid(dataset) if dataset else {}
    columns = [Column(""), *result_columns("this run")]
    note = AP_NOTE
    if published:
        columns += [Column("Rank@1", best="max", group="published"), Column("mAP", best="max", group="published")]
        sources = " and ".join(sorted({figures.source for figures in published.values()}))
        note += f" Published: DG-Net on {dataset_title(dataset or '')}, from the authors' {sources}, 2019."
    rows = []
    for key, result in ordered(results):
        row: tuple[Cell, ...] = (row_title(key), *percentages(result))
        rows.append((*row, *_published_cells(published.get(key))) if published else row)
    return Table("retrieval", "Retrieval", tuple(columns), tuple(rows), note)


def peers_table(dataset: str) -> Table | None:
    """Other methods' published figures on the data set, best mAP last; None where there are none."""
    peers = published_peers(dataset)
    if not peers:
        return None
    rows = tuple((name, *figures) for name, figures in sorted(peers.items(), key=lambda item: item[1][1]))
    columns = (Column("method"), Column("Rank@1", best="max"), Column("mAP", best="max"))
    note = "Per cent, as cited on DG-Net's poster, CVPR 2019."
    return Table("peers", f"Published on {dataset_title(dataset)}", columns, rows, note)


def swap_error_table(error: SwapError, pasted: SwapError | None = None) -> Table:
    """The swap, the swap pasted on x_j, and x_j itself, against the true swapped image."""
    columns = (
        Column(""),
        Column("L1", digits=4, best="min"),
        Column("PSNR, dB", digits=2, best="max"),
        Column("SSIM", digits=3, best="max"),
    )
    rows: list[tuple[Cell, ...]] = [("G(a_i, s_j)", error.l1, error.psnr, error.ssim)]
    note = (
        f"Against the true swapped image, mean over {error.num_pairs} pairs of people never trained on; "
        f"images in [0, 1]. L1 is {error.ratio:.3f} × that of copying x_j"
    )
    if pasted:
        rows.append(("the same, pasted on x_j", pasted.l1, pasted.psnr, pasted.ssim))
        note += f"; pasted on x_j where clothes change, {pasted.ratio:.3f} ×"
    rows.append(("x_j copied", error.copy_l1, error.copy_psnr, error.copy_ssim))
    return Table("swap_error", "Swap error", columns, tuple(rows), note + ".")


def seeds_table(by_seed: Mapping[int, Results]) -> Table:
    """Mean ± sample standard deviation over the seeds."""
    rows: list[tuple[Cell, ...]] = []
    for key in _keys(by_seed):
        found = [percentages(results[key]) for results in by_seed.values() if key in results]
        rows.append((row_title(key), str(len(found)), *_spread(found)))
    columns = (Column(""), Column("seeds"), *(Column(name) for name, _ in _MEASURES))
    note = f"Per cent; mean ± sample standard deviation over seeds {', '.join(str(seed) for seed in by_seed)}."
    return Table("seeds", "Several seeds", columns, tuple(rows), note)


def each_seed_table(by_seed: Mapping[int, Results]) -> Table:
    """Every row of every seed."""
    columns = (Column(""), Column("seed"), *(Column(name) for name, _ in _MEASURES))
    rows: list[tuple[Cell, ...]] = [
        (row_title(key), str(seed), *percentages(results[key]))
        for key in _keys(by_seed)
        for seed, results in by_seed.items()
        if key in results
    ]
    return Table("each_seed", "Each seed", columns, tuple(rows), "Per cent.")


def comparison_table(runs: Mapping[str, Results]) -> Table:
    """Several runs under one another."""
    columns = (Column("run"), Column("feature"), *result_columns())
    rows: list[tuple[Cell, ...]] = [
        (run, row_title(key), *percentages(result)) for run, results in runs.items() for key, result in ordered(results)
    ]
    return Table("comparison", "Runs side by side", columns, tuple(rows), AP_NOTE)


def verification_table(rocs: Mapping[str, Roc]) -> Table:
    """TPR at FPRs that the pairs can tell, area and equal error rate."""
    columns = [Column("")] + [Column(f"TPR@FPR {fpr:g}", best="max") for fpr in _FPRS]
    columns += [Column("AUC", digits=2, best="max"), Column("EER", best="min"), Column("threshold at EER", digits=3)]
    rows: list[tuple[Cell, ...]] = []
    for key, roc in rocs.items():
        told = (100 * roc.at_fpr(fpr).tpr if fpr * roc.num_different >= 1 else None for fpr in _FPRS)
        equal = roc.equal_error()
        error = 50 * (equal.fpr + 1 - equal.tpr)
        rows.append((row_title(key), *told, 100 * roc.area, error, equal.threshold))
    pairs = next(iter(rocs.values()))
    note = (
        f"Per cent, over {pairs.num_same:,} pairs of the same person and {pairs.num_different:,} of different people."
    )
    return Table("verification", "Same person or not", tuple(columns), tuple(rows), note)


def camera_table(pairs: CameraPairs) -> Table:
    """mAP of every ordered pair of cameras; None where no query has a true match there."""
    columns = (Column("query camera"), *(Column(f"gallery {camera}") for camera in pairs.cameras))
    rows: list[tuple[Cell, ...]] = []
    for camera, row in zip(pairs.cameras, pairs.map_step, strict=True):
        rows.append((str(camera), *(None if np.isnan(value) else 100 * float(value) for value in row)))
    return Table("cameras", "Between cameras, mAP step", columns, tuple(rows), "Per cent.")


def realism_table(realism: Realism | None, diversity: Mapping[str, Diversity]) -> Table:
    """FID and KID of the generated images, and the diversity of each named set."""
    rows: list[tuple[Cell, ...]] = []
    note = "SSIM of random pairs: lower is more diverse; LPIPS: higher is."
    if realism:
        rows.append(("FID", realism.fid, None))
        rows.append(("KID × 1000", 1000 * realism.kid, 1000 * realism.kid_sd))
        note = f"{realism.num_generated:,} generated against {realism.num_real:,} real images. {note}"
    rows += [(name, found.mean, found.sd) for name, found in diversity.items()]
    return Table(
        "realism", "Realism and diversity", (Column(""), Column("value", 3), Column("sd", 3)), tuple(rows), note
    )


def _keys(by_seed: Mapping[int, Results]) -> list[str]:
    """Rows that any seed has, in the tables' order."""
    return [key for key, _ in ordered({key: result for results in by_seed.values() for key, result in results.items()})]


def _published_cells(figures: PublishedFigures | None) -> tuple[Cell, Cell]:
    return (None, None) if figures is None else (figures.rank1, figures.mean_ap)


def _spread(rows: Sequence[tuple[float, ...]]) -> list[str]:
    columns = list(zip(*rows, strict=True))
    if len(rows) == 1:
        return [f"{column[0]:.1f}" for column in columns]
    return [f"{mean(column):.1f} ± {stdev(column):.1f}" for column in columns]
