"""A canvas in the coordinates of an image: `u` to the right and `v` down, both in image heights."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.colour import Colour
from dgnet.mannequin.scene.noise import value_noise

ROWS = 192  # pixels of a canvas, whatever the size of the image that is made of it
_GRAINS, _TILE = 6, 256
Point = tuple[float, float]


class Canvas:
    """Painting with polygons, ellipses, lines and grain. With `clear`, what is not painted stays transparent."""

    def __init__(self, height: int, width: int, *, clear: bool = False) -> None:
        self.size = (height, width)
        self.wide = width / height
        columns = max(8, round(ROWS * self.wide))
        self.image = Image.new("RGBA" if clear else "RGB", (columns, ROWS))
        self._draw = ImageDraw.Draw(self.image)

    def box(self, u0: float, v0: float, u1: float, v1: float, colour: Colour) -> None:
        """An upright rectangle."""
        if u1 > u0 and v1 > v0:
            self._draw.rectangle(self._pixels([(u0, v0), (u1, v1)]), fill=ink(colour))

    def polygon(self, corners: list[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon(self._pixels(corners), fill=ink(colour))

    def ellipse(self, u: float, v: float, a: float, b: float, colour: Colour, *, ring: float = 0.0) -> None:
        """A filled ellipse of half axes `a`, `b` around (u, v), or a ring of that width."""
        places = self._pixels([(u - a, v - b), (u + a, v + b)])
        if ring:
            self._draw.ellipse(places, outline=ink(colour), width=max(1, round(ring * ROWS)))
        else:
            self._draw.ellipse(places, fill=ink(colour))

    def line(self, corners: list[Point], width: float, colour: Colour) -> None:
        """A line through points."""
        self._draw.line(self._pixels(corners), fill=ink(colour), width=max(1, round(width * ROWS)), joint="curve")

    def grain(self, v0: float, v1: float, amount: float, size: float, rng: np.random.Generator) -> None:
        """Lighten and darken the rows between `v0` and `v1` by noise whose lumps are about `size` high."""
        top, bottom = (int(np.clip(round(v * ROWS), 0, ROWS)) for v in (v0, v1))
        width = self.image.width
        if bottom <= top:
            return
        tile = _grain(int(rng.integers(_GRAINS)))
        zoom = max(size * ROWS / 16, 0.25)  # the tile's own lumps are 16 pixels high
        tall, wide = min(_TILE, (bottom - top) / zoom), min(_TILE, width / zoom)
        x, y = rng.uniform(0, _TILE - wide + 1e-6), rng.uniform(0, _TILE - tall + 1e-6)
        part = tile.resize((width, bottom - top), Image.Resampling.BILINEAR, box=(x, y, x + wide, y + tall))
        factor = 1 + amount * (np.asarray(part, np.float32) / 127.5 - 1)
        region = np.asarray(self.image.crop((0, top, width, bottom)), np.float32) * factor[..., None]
        self.image.paste(Image.fromarray(np.clip(region, 0, 255).astype(np.uint8)), (0, top))

    def fade(self, v0: float, v1: float, above: Colour, below: Colour) -> None:
        """Rows between `v0` and `v1`, from one colour to another."""
        top, bottom = (int(np.clip(round(v * ROWS), 0, ROWS)) for v in (v0, v1))
        if bottom > top:
            share = np.linspace(0, 1, bottom - top)[:, None, None]
            rows = np.array(above) * (1 - share) + np.array(below) * share
            column = Image.fromarray(np.round(np.clip(rows, 0, 1) * 255).astype(np.uint8))
            self.image.paste(column.resize((self.image.width, bottom - top), Image.Resampling.NEAREST), (0, top))

    def paste(self, cut_out: Image.Image, u: float, foot: float, height: float, gain: Colour) -> None:
        """An RGBA picture, `height` high, its lower edge's middle at (u, foot), its colours multiplied by `gain`."""
        rows = max(2, round(height * ROWS))
        columns = max(1, round(rows * cut_out.width / cut_out.height))
        if rows > 3 * ROWS or columns > 3 * ROWS:
            return
        small = cut_out.resize((columns, rows), Image.Resampling.BILINEAR, reducing_gap=2)
        bands = [band.point([min(255, round(k * share)) for k in range(256)])
                 for band, share in zip(small.split()[:3], gain, strict=True)]  # fmt: skip
        place = (round(u * ROWS - columns / 2), round(foot * ROWS) - rows)
        bands.append(small.getchannel("A"))
        layer = Image.new("RGBA", self.image.size)
        layer.paste(Image.merge("RGBA", bands), place)
        if self.image.mode == "RGBA":
            self.image.alpha_composite(layer)
        else:
            self.image.paste(layer, (0, 0), layer)

    def floats(self, size: tuple[int, int]) -> Floats:
        """The picture at `size`: H x W x 3 (or 4, where clear) in [0, 1]."""
        picture = self.image
        if picture.size != (size[1], size[0]):
            picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        return np.asarray(picture, np.float32) / np.float32(255)

    def _pixels(self, corners: list[Point]) -> list[Point]:
        return [(u * ROWS, v * ROWS) for u, v in corners]


def ink(colour: Colour) -> tuple[int, int, int]:
    """A colour as bytes."""
    red, green, blue = (round(255 * min(max(value, 0.0), 1.0)) for value in colour)
    return red, green, blue


@functools.cache
def _grain(index: int) -> Image.Image:
    v, u = np.mgrid[0:_TILE, 0:_TILE].astype(np.float32)
    field = value_noise(700 + index, u, v, 1 / 16, 4)
    return Image.fromarray(np.round(np.clip(field * 0.6 + 0.5, 0, 1) * 255).astype(np.uint8))
