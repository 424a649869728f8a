"""Pictures of swaps: appearance down the side, structure along the top, who wears what in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from dgnet.files.images import ImagesU8
from dgnet.files.whole_file import written_whole

GAP = 2
PAPER = 255


def swap_sheet(rows_u8: ImagesU8, columns_u8: ImagesU8, swaps_u8: ImagesU8) -> ImagesU8:
    """One picture, uint8: the columns' structures on top, the rows' appearances on the left, their swaps within.

    Args:
        rows_u8, columns_u8: R and C images, uint8 x H x W x 3.
        swaps_u8: uint8 R x C x H x W x 3.
    """
    num_rows, num_columns, height, width, _ = swaps_u8.shape
    margin = 3 * GAP  # sets the headers apart from what is drawn
    sheet = np.full(
        ((num_rows + 1) * (height + GAP) + margin, (num_columns + 1) * (width + GAP) + margin, 3), PAPER, np.uint8
    )

    def place(row: int, column: int, image: ImagesU8) -> None:
        top = row * (height + GAP) + (margin if row else 0)
        left = column * (width + GAP) + (margin if column else 0)
        sheet[top : top + height, left : left + width] = image

    for column in range(num_columns):
        place(0, column + 1, columns_u8[column])
    for row in range(num_rows):
        place(row + 1, 0, rows_u8[row])
        for column in range(num_columns):
            place(row + 1, column + 1, swaps_u8[row, column])
    return sheet


def save_picture(path: Path, image_u8: ImagesU8, zoom: int = 1) -> None:
    """Write a PNG or JPEG, `zoom` times as large, whole or not at all."""
    picture = Image.fromarray(image_u8)
    if zoom > 1:
        picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.BICUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path, flushed=False) as partial:
        picture.save(partial, quality=92)
