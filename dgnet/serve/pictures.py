"""From the bytes that a client sends to a crop: known by their content, refused by their header, decoded once."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image

from dgnet.data.store.decode import ImageError, decode_image
from dgnet.data.store.resize import resize
from dgnet.files.images import ImagesU8
from dgnet.gallery.crops import thumbnail_of
from dgnet.serve.settings import Limits

FORMATS = ("JPEG", "PNG", "WEBP")
_START_OF_SCAN = b"\xff\xda"  # in a JPEG's coded pixels, 0xff is never followed by 0xda


@dataclass(frozen=True)
class Picture:
    """A picture that was read: its crop (uint8 H×W×3 at the model's size), the hash of its bytes, and a small JPEG."""

    crop: ImagesU8
    content_hash: str
    thumbnail: bytes


def read_picture(data: bytes, size: tuple[int, int], limits: Limits, *, thumbnail: bool = False) -> Picture:
    """Decode and resize a picture. The thumbnail is always encoded anew, so nothing hidden in a file is kept.

    Raises ImageError: it is no JPEG, PNG or WebP, has too many pixels or scans, or is damaged.
    """
    refuse_bomb(data, limits)
    pixels = decode_image(data)
    small = thumbnail_of(pixels) if thumbnail else b""
    crop: ImagesU8 = resize([pixels], size)[0]
    return Picture(crop, hashlib.sha256(data).hexdigest(), small)


def refuse_bomb(data: bytes, limits: Limits) -> None:
    """Raise ImageError for what would take too much to decode, by the header alone, and for other formats."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit is higher
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
    except Image.DecompressionBombError as error:
        raise ImageError(f"more than {limits.pixels:,} pixels; save it smaller") from error
    except Exception as error:  # Pillow's plugins raise anything on bad bytes
        raise ImageError("not a JPEG, PNG or WebP picture, or damaged; send one of these") from error
    if width * height > limits.pixels:
        raise ImageError(f"{width} x {height} pixels, more than the {limits.pixels:,} that are taken; save it smaller")
    if data.startswith(b"\xff\xd8") and (num_scans := data.count(_START_OF_SCAN)) > limits.scans:
        raise ImageError(f"a JPEG in {num_scans} scans, more than the {limits.scans} that are taken; save it again")
