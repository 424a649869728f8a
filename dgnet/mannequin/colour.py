"""Colours, and a space in which distances between them are as large as they look."""

from __future__ import annotations

import math

Colour = tuple[float, float, float]  # sRGB, each in [0, 1]


def from_oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """The sRGB colour of Oklab's lightness [0, 1], chroma [0, about 0.3] and hue (radians).

    A chroma that sRGB cannot show is lowered until it can.
    """
    while True:
        linear = _linear(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma < 1e-3 or all(-1e-3 <= value <= 1.001 for value in linear):
            break
        chroma *= 0.9
    red, green, blue = (_encode(min(max(value, 0.0), 1.0)) for value in linear)
    return red, green, blue


def to_oklab(colour: Colour) -> tuple[float, float, float]:
    """Oklab's lightness, green to red, and blue to yellow."""
    red, green, blue = (_decode(value) for value in colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def difference(first: Colour, second: Colour) -> float:
    """Distance in Oklab: 0.02 can hardly be seen, black and white are 1 apart."""
    return math.dist(to_oklab(first), to_oklab(second))


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _decode(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
