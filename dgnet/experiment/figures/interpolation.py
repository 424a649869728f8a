"""`dgnet generate appearance` and `structure`: from one person's code to the next one's, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dgnet.experiment.figures.frame import FigureError, Style, drawing_model, page
from dgnet.experiment.figures.inputs import Wanted, listed, pictures_of
from dgnet.experiment.models.find import RUN
from dgnet.files.images import ImagesU8
from dgnet.generation.figure import Layout, Place
from dgnet.generation.interpolate import interpolate, interpolate_structure

Code = Literal["appearance", "structure"]
Route = Literal["linear", "spherical", "both"]


def draw_interpolation(
    run: RUN,
    wanted: Wanted,
    others: Sequence[Path] | None,
    code: Code,
    style: Style,
    *,
    num_steps: int = 9,
    route: Route = "linear",
) -> Path:
    """Draw one row per pair of pictures that follow each other: both ends framed, and the images between them.

    Args:
        wanted: the pictures whose codes are the ends, two or more.
        others: pictures that give the other code: the structure where appearances are interpolated, and the reverse.
            The first serves the first row, and so on, from the first again where they are fewer than rows. None means
            that each row takes the picture at its start.
        route: how codes are interpolated (`blend`); `both` draws each row twice.

    Raises:
        FigureError: there are fewer than two pictures or steps.
        WeightsError, ConfigError, DataError, OutputError: as `draw_grid` does.
    """
    if num_steps < 2:
        raise FigureError(f"--steps: found {num_steps}, must be at least 2: both ends are among them")
    model, size = drawing_model(run, style.device)
    ends = pictures_of(wanted, run)
    if len(ends) < 2:
        raise FigureError(f"IMAGES: found {len(ends)} picture; from one code to another it takes two or more")
    option = "--onto" if code == "appearance" else "--clothes"
    given = listed(others, option) if others else None
    routes = ("linear", "spherical") if route == "both" else (route,)
    rows = [(pair, one) for pair in range(len(ends) - 1) for one in routes]
    ticks = [f"{step / (num_steps - 1):.2f}".rstrip("0").rstrip(".") for step in range(num_steps)]
    other = [] if given is None else ["onto" if code == "appearance" else "clothes"]
    first, last = len(other) + 1, len(other) + 1 + num_steps  # columns of the first image drawn, and of the end
    layout = Layout(
        size,
        len(rows),
        last + 1,
        column_breaks={len(other), first, last} - {0},
        row_names=[one if len(routes) > 1 else ends.names[pair] for pair, one in rows],
        column_names=[*other, "from", *ticks, "to"],
    )
    sheet = page(code, layout, style, [*ends.paths, *(given.paths if given else [])])
    ends_u8 = ends.read(size)
    others_u8 = given.read(size) if given else ends_u8[:-1]
    draw = interpolate if code == "appearance" else interpolate_structure
    images: dict[Place, ImagesU8] = {}
    framed: list[Place] = []
    for row, (pair, one) in enumerate(rows):
        third = others_u8[pair % len(others_u8)]
        frames = draw(model, ends_u8[pair], ends_u8[pair + 1], third, num_steps, spherical=one == "spherical")
        shown = [*([third] if given else []), ends_u8[pair], *frames, ends_u8[pair + 1]]
        images |= {(row, column): image for column, image in enumerate(shown)}
        framed += [(row, column) for column in (*range(first), last)]
    return sheet.save(images, framed)
