"""`dgnet generate film`: people who change their clothes, or bodies that change under the same clothes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dgnet.experiment.figures.frame import FigureError, Style, drawing_model
from dgnet.experiment.figures.inputs import Wanted, listed, pictures_of
from dgnet.experiment.figures.interpolation import Code
from dgnet.experiment.models.find import RUN
from dgnet.files.films import check_film, save_film
from dgnet.files.outputs import OutputError, free_path
from dgnet.generation.figure import Layout
from dgnet.generation.interpolate import interpolate, interpolate_structure

MAX_SHOWN = 8  # people side by side, where none are named


def draw_film(
    run: RUN,
    wanted: Wanted,
    others: Sequence[Path] | None,
    code: Code,
    style: Style,
    *,
    num_steps: int = 12,
    fps: int = 12,
    spherical: bool = False,
) -> Path:
    """Make a film that goes from each picture's code to the next one's and from the last back to the first.

    Args:
        wanted: the pictures whose codes are passed through, two or more.
        others: the people side by side in the film, who keep their other code; None means the first MAX_SHOWN of
            `wanted`. Their photographs stand framed above.
        num_steps: frames from one picture to the next.
        fps: frames per second.

    Raises:
        FigureError: there are fewer than two pictures, or a number is below 1.
        WeightsError, ConfigError, DataError, OutputError: as `draw_grid` does; also where there is no MP4 encoder.
    """
    if num_steps < 1 or fps < 1:
        raise FigureError(f"--steps, --fps: found {num_steps} and {fps}, must be at least 1")
    if style.zoom < 1:
        raise OutputError(f"--zoom: found {style.zoom}, must be at least 1")
    model, size = drawing_model(run, style.device)
    ends = pictures_of(wanted, run)
    if len(ends) < 2:
        raise FigureError(f"IMAGES: found {len(ends)} picture; a film goes from one to another, so give two or more")
    shown = listed(others, "--onto" if code == "appearance" else "--clothes") if others else None
    num_shown = len(shown) if shown else min(MAX_SHOWN, len(ends))
    layout = Layout(size, 2, num_shown, (1,))
    path = free_path(Path("film.gif")) if style.out is None else style.out
    height, width = (side * style.zoom for side in layout.size)
    inputs = [*ends.paths, *(shown.paths if shown else [])]
    check_film(path, "--out", (height, width), num_steps * len(ends), inputs)
    ends_u8 = ends.read(size)
    shown_u8 = shown.read(size) if shown else ends_u8[:num_shown]
    draw = interpolate if code == "appearance" else interpolate_structure
    given = {(0, column): image for column, image in enumerate(shown_u8)}
    frames = []
    legs = tqdm(range(len(ends)), desc="film", unit="leg", dynamic_ncols=True)
    for leg in legs:
        start, end = ends_u8[leg], ends_u8[(leg + 1) % len(ends)]
        every = np.stack([draw(model, start, end, one, num_steps + 1, spherical=spherical) for one in shown_u8])
        for step in range(num_steps):
            drawn = {(1, column): every[column, step] for column in range(num_shown)}
            frames.append(layout.draw(given | drawn, given.keys(), style.zoom))
    save_film(path, frames, fps)
    return path
