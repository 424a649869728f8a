"""Pictures of swaps: appearances down the left side, structures along the top, and their swaps in between."""

from __future__ import annotations

import numpy as np

from dgnet.files.images import ImagesU8

GAP = 2
MARGIN = 3 * GAP  # between the given images and the swaps
PAPER = 255


def sheet_size(num_rows: int, num_columns: int, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the picture that `swap_sheet` makes of images of `size` (height, width)."""
    height, width = size
    return (num_rows + 1) * (height + GAP) + MARGIN, (num_columns + 1) * (width + GAP) + MARGIN


def swap_sheet(rows_u8: ImagesU8, columns_u8: ImagesU8, swaps_u8: ImagesU8) -> ImagesU8:
    """One picture, uint8: the structure images along the top, the appearance images on the left, the swaps in between.

    Args:
        rows_u8: R appearance images, uint8 R x H x W x 3.
        columns_u8: C structure images, uint8 C x H x W x 3.
        swaps_u8: G(a_r, s_c), uint8 R x C x H x W x 3.
    """
    num_rows, num_columns, height, width, _ = swaps_u8.shape
    sheet = np.full((*sheet_size(num_rows, num_columns, (height, width)), 3), PAPER, np.uint8)

    def place(row: int, column: int, image: ImagesU8) -> None:
        top = row * (height + GAP) + (MARGIN if row else 0)
        left = column * (width + GAP) + (MARGIN if column else 0)
        sheet[top : top + height, left : left + width] = image

    for column in range(num_columns):
        place(0, column + 1, columns_u8[column])
    for row in range(num_rows):
        place(row + 1, 0, rows_u8[row])
        for column in range(num_columns):
            place(row + 1, column + 1, swaps_u8[row, column])
    return sheet
