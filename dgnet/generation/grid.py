"""Pictures of swaps: appearances down the left side, structures along the top, and their swaps in between."""

from __future__ import annotations

from collections.abc import Sequence

from dgnet.files.images import ImagesU8
from dgnet.generation.figure import Layout


def grid_layout(
    num_rows: int, num_columns: int, size: tuple[int, int], names: tuple[Sequence[str], Sequence[str]] = ((), ())
) -> Layout:
    """The layout of a grid of swaps of images of `size` (height, width), with `names` of rows and of columns."""
    rows, columns = (["", *one] if one else [] for one in names)
    return Layout(size, num_rows + 1, num_columns + 1, (1,), (1,), rows, columns)


def swap_sheet(
    rows_u8: ImagesU8, columns_u8: ImagesU8, swaps_u8: ImagesU8, layout: Layout | None = None, zoom: int = 1
) -> ImagesU8:
    """One picture, uint8: the structure images along the top, the appearance images on the left, the swaps in between.

    Args:
        rows_u8: R appearance images, uint8 R x H x W x 3.
        columns_u8: C structure images, uint8 C x H x W x 3.
        swaps_u8: G(a_r, s_c), uint8 R x C x H x W x 3.
        layout: as `grid_layout` gives it; None means one without names.
    """
    num_rows, num_columns, height, width, _ = swaps_u8.shape
    layout = layout or grid_layout(num_rows, num_columns, (height, width))
    given = {(row + 1, 0): image for row, image in enumerate(rows_u8)}
    given |= {(0, column + 1): image for column, image in enumerate(columns_u8)}
    drawn = {(r + 1, c + 1): swaps_u8[r, c] for r in range(num_rows) for c in range(num_columns)}
    return layout.draw(given | drawn, given.keys(), zoom)
