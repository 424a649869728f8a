"""Writing pictures to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from dgnet.files.images import ImagesU8
from dgnet.files.outputs import OutputError, check_output_file
from dgnet.files.whole_file import written_whole

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".pdf")
MAX_JPEG_SIDE: Final = 65_500  # pixels: the longest side that the JPEG library writes
MAX_PIXELS: Final = 2 * 89_478_485  # Pillow refuses to open larger pictures, and memory runs short


def check_picture(path: Path, option: str, size: tuple[int, int], zoom: int, inputs: Sequence[Path]) -> None:
    """Raise OutputError if `save_picture` could not write a picture of `size` (height, width) at `path`.

    Args:
        option: the option that `path` was given by, such as `--out`.
        inputs: files that it may not replace.
    """
    if zoom < 1:
        raise OutputError(f"--zoom: found {zoom}, must be at least 1")
    check_output_file(path, option, suffixes=SUFFIXES, inputs=inputs)
    height, width = size[0] * zoom, size[1] * zoom
    found = f"{option}: {path} would be {height} x {width} pixels"
    advice = "give fewer images" if zoom == 1 else "give fewer images, or a smaller --zoom"
    if height * width > MAX_PIXELS:
        raise OutputError(f"{found}, more than the {MAX_PIXELS} that programs open; {advice}")
    if path.suffix.lower() != ".png" and max(height, width) > MAX_JPEG_SIDE:
        raise OutputError(f"{found}; a JPEG holds {MAX_JPEG_SIDE} a side: name a .png, or {advice}")


def save_picture(path: Path, image_u8: ImagesU8, zoom: int = 1, dpi: int = 0) -> None:
    """Write an image (uint8 H x W x 3) as PNG, JPEG or a page of PDF; the file appears whole or not at all.

    Args:
        zoom: how many times it is enlarged.
        dpi: pixels per inch that the file names, which decide how large it is on paper; 0 names none (in PDF 72).
    """
    picture = Image.fromarray(image_u8)
    if zoom > 1:
        picture = picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.BICUBIC)
    with written_whole(path, flushed=False) as partial:
        if path.suffix.lower() == ".pdf":  # Pillow keeps the pixels as a JPEG within the page
            picture.save(partial, resolution=float(dpi or 72), quality=95)
        else:
            named: dict[str, Any] = {"dpi": (dpi, dpi)} if dpi else {}
            picture.save(partial, quality=92, **named)
