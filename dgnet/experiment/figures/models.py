"""`dgnet generate models`: the same swaps by several models, side by side, such as a run and its ablations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dgnet.data.store.resize import resize
from dgnet.experiment.figures.frame import FigureError, Style, drawing_model, page
from dgnet.experiment.figures.inputs import Wanted, pictures_of
from dgnet.experiment.models.find import RUN
from dgnet.generation.figure import Layout
from dgnet.generation.swap import swap_pairs


def draw_models(runs: Sequence[RUN], wanted: Wanted, style: Style) -> Path:
    """Draw one row per pair of pictures that follow each other (the last and the first too), one column per model.

    Models may differ in the size of their images: each draws at its own, and its images are enlarged to the largest.

    Raises:
        FigureError: there is one picture only.
        WeightsError, ConfigError, DataError, OutputError: as `draw_grid` does.
    """
    models = [drawing_model(run, style.device) for run in runs]
    people = pictures_of(wanted, runs[0])
    if len(people) < 2:
        raise FigureError(f"IMAGES: found {len(people)} picture; a swap takes two or more")
    largest = max(size for _, size in models)
    names = [Path(str(run)).name for run in runs]
    layout = Layout(largest, len(people), 2 + len(runs), column_breaks=(2,), column_names=["clothes", "body", *names])
    sheet = page("models", layout, style, people.paths)
    shown = people.read(largest)
    images = {(row, 0): image for row, image in enumerate(shown)}
    images |= {(row, 1): shown[(row + 1) % len(shown)] for row in range(len(shown))}
    framed = list(images)
    for column, (model, size) in enumerate(models, start=2):
        x_u8 = people.read(size)
        drawn = resize(list(swap_pairs(model, x_u8, np.roll(x_u8, -1, axis=0))), largest)
        images |= {(row, column): image for row, image in enumerate(drawn)}
    return sheet.save(images, framed)
