"""Figures: images in rows and columns, with names in the margins and frames around the photographs that were given."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dgnet.files.images import ImagesU8

GAP = 2
MARGIN = 3 * GAP  # more space between groups of images
PAPER, INK, FRAME = (255, 255, 255), (40, 40, 40), (70, 70, 70)
MAX_LETTERS = 20
_MEASURED_AT = 100  # pixels: widths of text are measured in letters of this height

Place = tuple[int, int]  # (row, column)


@dataclass(frozen=True)
class Layout:
    """Where each image of a figure lies; all lengths are in pixels of the images, before they are enlarged.

    Args:
        cell: (height, width) of every image.
        num_rows, num_columns: of images, those that were given included.
        row_breaks, column_breaks: rows and columns before which there is more space.
        row_names, column_names: texts for the left and the upper margin, one per row or column; none leaves out the
            margin. Long ones are shortened. Those of columns stand upright where one is wider than an image.
    """

    cell: tuple[int, int]
    num_rows: int
    num_columns: int
    row_breaks: Collection[int] = ()
    column_breaks: Collection[int] = ()
    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()

    @property
    def letters(self) -> int:
        """The height of letters."""
        return max(5, self.cell[0] // 12)

    @property
    def upright(self) -> bool:
        """Whether the names of columns are turned by 90 degrees."""
        return any(self._width_of(name) > self.cell[1] + GAP for name in self.column_names)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the whole figure."""
        return self.top(self.num_rows - 1) + self.cell[0] + GAP, self.left(self.num_columns - 1) + self.cell[1] + GAP

    def top(self, row: int) -> int:
        """The first line of the images in a row."""
        return self._upper_margin + GAP + row * (self.cell[0] + GAP) + MARGIN * _before(row, self.row_breaks)

    def left(self, column: int) -> int:
        """The first pixel of the images in a column."""
        return self._left_margin + GAP + column * (self.cell[1] + GAP) + MARGIN * _before(column, self.column_breaks)

    def draw(self, images: Mapping[Place, ImagesU8], framed: Collection[Place] = (), zoom: int = 1) -> ImagesU8:
        """The figure, uint8 H x W x 3, enlarged `zoom` times; letters are drawn at that size.

        Args:
            images: uint8 `cell` x 3 by (row, column); places without an image stay empty.
            framed: the places that get a frame.
        """
        height, width = self.size
        picture = Image.new("RGB", (width * zoom, height * zoom), PAPER)
        pen = ImageDraw.Draw(picture)
        for (row, column), image_u8 in images.items():
            left, top = self.left(column) * zoom, self.top(row) * zoom
            right, bottom = left + self.cell[1] * zoom, top + self.cell[0] * zoom
            if (row, column) in framed:
                pen.rectangle((left - zoom, top - zoom, right + zoom - 1, bottom + zoom - 1), fill=FRAME)
            one = Image.fromarray(np.ascontiguousarray(image_u8))
            if zoom > 1:
                one = one.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
            picture.paste(one, (left, top))
        self._write_names(picture, pen, zoom)
        return np.asarray(picture)

    def _write_names(self, picture: Image.Image, pen: ImageDraw.ImageDraw, zoom: int) -> None:
        font = _font(self.letters * zoom)
        for row, name in enumerate(self.row_names):
            place = (self._left_margin * zoom, (self.top(row) + self.cell[0] / 2) * zoom)
            pen.text(place, shortened(name), INK, font, anchor="rm")
        for column, name in enumerate(self.column_names):
            middle, bottom = (self.left(column) + self.cell[1] / 2) * zoom, self._upper_margin * zoom
            if self.upright:
                turned = _upright(shortened(name), font)
                picture.paste(INK, (round(middle - turned.width / 2), bottom - turned.height), turned)
            else:
                pen.text((middle, bottom), shortened(name), INK, font, anchor="md")

    @property
    def _left_margin(self) -> int:
        return max(map(self._width_of, self.row_names)) + GAP if any(self.row_names) else 0

    @property
    def _upper_margin(self) -> int:
        if not any(self.column_names):
            return 0
        longest = max(map(self._width_of, self.column_names))
        return GAP + (longest if self.upright else ceil(1.3 * self.letters))

    def _width_of(self, name: str) -> int:
        # Small letters are fitted to whole pixels, which makes them wider than large ones made smaller.
        lengths = (_font(size).getlength(shortened(name)) / size for size in (_MEASURED_AT, self.letters))
        return ceil(self.letters * max(lengths))


def shortened(name: str) -> str:
    """A name of at most MAX_LETTERS letters: of a longer one, the beginning and the end."""
    half = MAX_LETTERS // 2
    plain = name.encode("utf-8", "replace").decode()
    return plain if len(plain) <= MAX_LETTERS else f"{plain[: half - 1]}…{plain[-half:]}"


def _before(place: int, breaks: Collection[int]) -> int:
    return sum(one <= place for one in breaks)


def _upright(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Image.Image:
    """A text that reads upward, as a mask."""
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
    ImageDraw.Draw(mask).text((-left, -top), text, 255, font)
    return mask.transpose(Image.Transpose.ROTATE_90)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
