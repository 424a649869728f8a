"""`dgnet generate cases`: swaps that succeed and swaps that fail, picked by identity consistency."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dgnet.config import DataConfig, preset
from dgnet.config.data import name_and_root
from dgnet.experiment.data import open_held_out
from dgnet.experiment.evaluation.features import held_out_features, held_out_labels
from dgnet.experiment.figures.frame import FigureError, Style, drawing_model, page
from dgnet.experiment.models.find import BUNDLED_NAME, RUN
from dgnet.experiment.models.judge import judge_of
from dgnet.experiment.own_data import as_trained
from dgnet.generation.figure import Layout
from dgnet.generation.swap import swap_pairs
from dgnet.models.device import pick_device
from dgnet.quality.consistency import Pairs, cross_pairs, identity_precision
from dgnet.retrieval.features.extract import extract


def draw_cases(
    run: RUN,
    data: str,
    style: Style,
    *,
    num_shown: int = 6,
    num_pairs: int = 400,
    seed: int = 0,
    judge: RUN | None = None,
) -> tuple[Path, str]:
    """Swap random pairs of query images, and draw those of highest and of lowest identity consistency.

    The measure is the AP of x_ij as a query for person i among the real images of the gallery: 1 where all of i's
    images come first. Each person i is shown once at most among the best, and once among the worst.

    Args:
        data: as `--data` names it; empty or `bundled` is the bundled edition.
        num_shown: successes, and as many failures.
        num_pairs: pairs that are drawn and measured.
        judge: whose features are used; see `judge_of`.

    Returns:
        The picture, and a sentence on what was measured.

    Raises:
        FigureError: a number is below 1.
        EvaluationError: the test images show one person only, or no query has a true match.
        WeightsError, ConfigError, DataError, OutputError: as `draw_grid` and `judge_of` do.
    """
    if min(num_shown, num_pairs) < 1:
        raise FigureError(f"--count, --pairs: found {num_shown} and {num_pairs}, must be at least 1")
    model, size = drawing_model(run, style.device)
    judging = judge_of(run, judge, style.device, size)
    name, root = name_and_root("--data", "mannequin=" if data in ("", BUNDLED_NAME) else data)
    settings, trained_on = as_trained(run, DataConfig(name, root, size))
    held_out = open_held_out(replace(preset("mannequin"), data=settings), trained_on=trained_on)
    labels, device = held_out_labels(held_out), pick_device(style.device)
    pairs = cross_pairs(labels.query_pids, num_pairs, seed)
    num_shown = min(num_shown, len(pairs) // 2 or 1)
    layout = Layout(size, 3, 2 * num_shown, (2,), (num_shown,), ("clothes", "body", "swap"), ["00%"] * 2 * num_shown)
    sheet = page("cases", layout, style, [])
    real = held_out_features(judging.function, held_out, 0.5, device, name=str(run))[judging.feature]
    i_u8, j_u8 = held_out.query[pairs[:, 0]], held_out.query[pairs[:, 1]]
    swapped = swap_pairs(model, i_u8, j_u8)
    features = extract(judging.function, swapped, device=device)[judging.feature]
    precision = identity_precision(features, real.gallery, pairs, *labels.columns())
    best, worst = chosen_cases(precision, pairs, num_shown)
    shown = [*best, *worst[::-1]]
    images = {(row, c): part[k] for c, k in enumerate(shown) for row, part in enumerate((i_u8, j_u8, swapped))}
    framed = [place for place in images if place[0] < 2]
    named = replace(layout, column_breaks=(len(best),), column_names=[f"{precision[k]:.0%}" for k in shown])
    named = replace(named, num_columns=len(shown))
    sheet = replace(sheet, layout=named if style.names else replace(named, row_names=(), column_names=()))
    said = (
        f"AP of person i for {len(pairs)} swaps, by {judging.name}: mean {np.nanmean(precision):.1%}; "
        f"left the {len(best)} best, right the {len(worst)} worst."
    )
    return sheet.save(images, framed), said


def chosen_cases(precision: np.ndarray, pairs: Pairs, num: int) -> tuple[list[int], list[int]]:
    """Pairs of the highest precision and of the lowest, best and worst first; no person i twice on a side."""
    order = [int(k) for k in np.argsort(-precision, kind="stable") if not np.isnan(precision[k])]

    def pick(candidates: list[int]) -> list[int]:
        people: dict[int, int] = {}
        for k in candidates:
            people.setdefault(int(pairs[k, 0]), k)
        return list(people.values())[:num]

    best = pick(order)
    return best, [k for k in pick(order[::-1]) if k not in best]
