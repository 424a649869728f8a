"""A camera: where it looks from, and what it does to light."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.mannequin.colour import Colour


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, its sensor and its compression.

    `pitch` looks down and `roll` leans to the side (radians); `distance` is how far (metres) an average person is,
    so how strong perspective is. `gain`, `gamma`, `contrast` (around middle grey) and `saturation` are the sensor's
    response; `blur` is a Gaussian's sigma in image heights, `noise` a standard deviation in [0, 1], `sharpen` how
    much of the difference to a blurred picture is added. Where `lines` is given, the picture has so many rows at most
    before it is brought to its size, and `quality` is the JPEG quality that it had then. `samples` are a pixel's
    samples along each axis.
    """

    pitch: float
    gain: Colour
    gamma: float
    saturation: float
    blur: float
    noise: float
    distance: float = 7.0
    roll: float = 0.0
    contrast: float = 1.0
    sharpen: float = 0.0
    lines: int | None = None
    quality: int | None = None
    samples: int = 3

    def native_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width, in pixels, at which the camera sees what is shown at `size`."""
        height, width = size
        if self.lines is None or self.lines >= height:
            return size
        return self.lines, max(8, round(width * self.lines / height))
