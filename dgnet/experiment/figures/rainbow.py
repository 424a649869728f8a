"""`dgnet generate rainbow`: one structure in many people's clothes, or one person's clothes on many structures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.experiment.figures.frame import FigureError, Style, drawing_model, page
from dgnet.experiment.figures.inputs import Pictures, Wanted, listed, pictures_of
from dgnet.experiment.models.find import RUN
from dgnet.generation.figure import Layout
from dgnet.generation.swap import swap_matrix

PER_LINE = 10  # images of one line


def draw_rainbow(run: RUN, wanted: Wanted, onto: Path | None, clothes: Path | None, style: Style) -> Path:
    """Draw one body in everyone's clothes, line by line below the pictures that give them; or the reverse.

    Args:
        wanted: the many.
        onto: the picture of the one who wears the clothes; None, with `clothes` None too, takes the first of the many.
        clothes: the picture of the one whose clothes everyone of the many wears, in place of `onto`.

    Raises:
        FigureError: both `onto` and `clothes` are given, or nobody is left beside the one.
        WeightsError, ConfigError, DataError, OutputError: as `draw_grid` does.
    """
    if onto and clothes:
        raise FigureError("--clothes: found beside --onto; give one of the two: who wears, or whose clothes are worn")
    model, size = drawing_model(run, style.device)
    many = pictures_of(wanted, run)
    if onto or clothes:
        one = listed([onto or clothes or Path()], "--onto" if onto else "--clothes")
    else:
        one, many = _part(many, slice(0, 1)), _part(many, slice(1, None))
    if len(one) != 1 or not len(many):
        raise FigureError(
            f"IMAGES: found {len(one)} and {len(many)} pictures; one that is dressed (--onto) or gives clothes "
            "(--clothes), and at least one other"
        )
    num_lines, num_columns = -(-len(many) // PER_LINE), 1 + min(PER_LINE, len(many))
    kinds = ("body", "its clothes") if clothes else ("clothes", "worn")
    layout = Layout(
        size,
        2 * num_lines,
        num_columns,
        range(2, 2 * num_lines, 2),
        (1,),
        row_names=kinds * num_lines,
        column_names=["", *many.names] if num_lines == 1 else (),
    )
    sheet = page("rainbow", layout, style, [*one.paths, *many.paths])
    one_u8, many_u8 = one.read(size), many.read(size)
    drawn = swap_matrix(model, one_u8, many_u8)[0] if clothes else swap_matrix(model, many_u8, one_u8)[:, 0]
    images, framed = {(1, 0): one_u8[0]}, [(1, 0)]
    for place in range(len(many)):
        line, column = divmod(place, PER_LINE)
        images |= {(2 * line, column + 1): many_u8[place], (2 * line + 1, column + 1): drawn[place]}
        framed.append((2 * line, column + 1))
    return sheet.save(images, framed)


def _part(pictures: Pictures, part: slice) -> Pictures:
    return replace(pictures, paths=pictures.paths[part], names=pictures.names[part])
