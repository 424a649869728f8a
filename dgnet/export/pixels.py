"""What numbers a network takes for an image's pixels: the names, and the way to and from dgnet's normalised images."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, get_args

from torch import Tensor

from dgnet.data.normalise import from_01, to_01
from dgnet.errors import DgnetError

# imagenet: (x/255 - mean)/std with ImageNet's mean and deviation; unit: x/255; u8: 0 to 255. Channels are R, G, B, or
# B, G, R with `bgr-`.
Pixels = Literal["imagenet", "unit", "u8", "bgr-imagenet", "bgr-unit", "bgr-u8"]
PIXELS: Final[tuple[Pixels, ...]] = get_args(Pixels)
DGNETS: Final[Pixels] = "imagenet"  # what dgnet's own networks take
SUFFIX: Final = ".input"  # of a text file beside a model file, holding one of PIXELS


class PixelsError(DgnetError, ValueError):
    """A name of an input's pixels that does not exist, or a file that states none; the message says what to give."""


def pixels_named(name: str, where: str) -> Pixels:
    """The entry of PIXELS with that name. Raises PixelsError that begins with `where`, such as `input`."""
    for one in PIXELS:
        if one == name:
            return one
    raise PixelsError(
        f"{where}: found {name!r}, must be one of {', '.join(PIXELS)} "
        "(RGB unless it begins with bgr-; u8 is 0 to 255, unit 0 to 1, imagenet normalised by mean and deviation)"
    )


def pixels_beside(path: Path) -> Pixels | None:
    """What the text file `PATH.input` states, such as `bgr-u8`; None without such a file. Raises PixelsError."""
    beside = path.with_name(path.name + SUFFIX)
    if not beside.is_file():
        return None
    try:
        return pixels_named(beside.read_text(encoding="utf-8").strip(), str(beside))
    except (OSError, UnicodeDecodeError) as error:
        raise PixelsError(f"{beside}: cannot be read as text: {error}") from error


def from_normalised(x: Tensor, pixels: Pixels) -> Tensor:
    """dgnet's normalised images, float32 N x 3 x H x W RGB, as the network takes them (float32 too).

    `u8` gives back the very bytes that the images were made of: rounding differs from them by less than 1e-4.
    """
    match pixels.removeprefix("bgr-"):
        case "unit":
            x = to_01(x)
        case "u8":
            x = (to_01(x) * 255).round()
    return x.flip(1) if pixels.startswith("bgr-") else x


def to_normalised(x: Tensor, pixels: Pixels) -> Tensor:
    """The inverse of `from_normalised`, made of operations that every exporter knows; uint8 is taken too."""
    x = x.flip(1) if pixels.startswith("bgr-") else x
    match pixels.removeprefix("bgr-"):
        case "unit":
            return from_01(x)
        case "u8":
            return from_01(x.float() / 255)
    return x
