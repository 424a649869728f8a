"""`dgnet swap` and `dgnet generate grid`: people in each other's clothes, N x N of them from N pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.experiment.figures.frame import Style, drawing_model, page
from dgnet.experiment.figures.inputs import Wanted, listed, pictures_of
from dgnet.experiment.figures.swap_names import check_swap_files, name_swaps
from dgnet.experiment.models.find import RUN
from dgnet.files.pictures import save_picture
from dgnet.generation.grid import grid_layout, swap_sheet
from dgnet.generation.swap import swap_matrix


def draw_grid(
    run: RUN,
    wanted: Wanted,
    onto: Sequence[Path] | None,
    style: Style,
    *,
    each: Path | None = None,
    pasted: bool = False,
    name: str = "grid",
) -> Path:
    """Draw the swaps of every image with every image of `onto` in one picture, and each in a file of its own if asked.

    All outputs are checked before anything is drawn. An input image is never overwritten.

    Args:
        run: as `find` takes it; it must have a generator.
        wanted: the images that give the clothes.
        onto: image files, or folders of them, that give the structure; None means the same images.
        each: a folder for the single swaps, named APPEARANCE_on_STRUCTURE.png (`name_swaps`), none of which may exist.
        pasted: draw only the clothes, and keep the structure image elsewhere.
        name: of the picture's file, where `style.out` does not give it.

    Returns:
        The path of the picture.

    Raises:
        WeightsError, ConfigError: there is no such model, data set or device.
        DataError: an image is missing or cannot be read, or there are too many.
        OutputError: a file cannot be written, or would overwrite one that must be kept.
    """
    model, size = drawing_model(run, style.device)
    rows = pictures_of(wanted, run)
    columns = listed(onto, "--onto") if onto else rows
    layout = grid_layout(len(rows), len(columns), size, (rows.names, columns.names))
    sheet = page(name, layout, style, [*rows.paths, *columns.paths])
    names = name_swaps(rows.paths, columns.paths)
    if each:
        check_swap_files(each, names, sheet.path)
    rows_u8 = rows.read(size)
    columns_u8 = columns.read(size) if onto else rows_u8
    swapped = swap_matrix(model, rows_u8, columns_u8, pasted=pasted)
    sheet.save_drawn(swap_sheet(rows_u8, columns_u8, swapped, sheet.layout, style.zoom))
    if each:
        for file, drawn in zip(names, swapped.reshape(-1, *swapped.shape[2:]), strict=True):
            save_picture(each / file, drawn)
    return sheet.path
