"""Decoding image files to RGB pixels, the same with either decoder; damaged and ambiguous files are refused."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dgnet.data.records import DataError
from dgnet.files.images import ImagesU8

try:  # bit-identical to Pillow (both are libjpeg-turbo with the exact DCT) and about four times as fast
    import simplejpeg
except ImportError:
    simplejpeg = None


JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
START_OF_SCAN = 0xDA
# Words in libjpeg's messages when pixels are lost.
DAMAGE = ("premature end", "bad huffman code", "bad arithmetic code", "instead of rst")

_WIDE_MODES = frozenset({"I", "F"})  # 32 bits per pixel


class ImageError(DataError):
    """The bytes cannot be decoded to RGB pixels; the message says why, and the caller adds the file's name."""


def decode_image(data: bytes) -> ImagesU8:
    """Decode an image file's bytes to uint8 H×W×3 RGB, turned upright by its EXIF orientation.

    Grey, palette, CMYK and 16-bit grey images become RGB; transparency is dropped. Raises ImageError for bytes that are
    empty, truncated, corrupt or not an image, for animations, and for 32-bit pixels, whose black and white are unknown.
    """
    if not data:
        raise ImageError("the file is empty")
    if data.startswith(JPEG_START):
        return _decode_jpeg(data)
    return _decode_with_pillow(data)


def _decode_jpeg(data: bytes) -> ImagesU8:
    if data[2:3] != b"\xff":  # remove stray bytes before the first marker: Pillow would not recognise a JPEG
        data = JPEG_START + data[max(2, data.find(b"\xff", 2)) :]
    if simplejpeg is not None:
        try:
            pixels: ImagesU8 = simplejpeg.decode_jpeg(data)
            # It ignores the orientation, which is in an Exif segment, and rounds CMYK differently from Pillow.
            if b"Exif\x00\x00" not in data and simplejpeg.decode_jpeg_header(data)[2] not in ("CMYK", "YCCK"):
                return pixels
        except ValueError as error:
            # It also refuses stray bytes between markers, which some cameras write; Pillow accepts these.
            if any(damage in str(error).lower() for damage in DAMAGE):
                raise ImageError(f"corrupt or truncated JPEG: {error}") from None
    if data.find(JPEG_END, _pixels_start(data)) < 0:  # Pillow would decode zeros in place of lost bytes
        raise ImageError("corrupt or truncated JPEG: its end marker is missing")
    return _decode_with_pillow(data)


def _pixels_start(data: bytes) -> int:
    """Where the coded pixels of a JPEG begin: after its header, which may contain a whole JPEG, as a thumbnail."""
    place = data.find(b"\xff", len(JPEG_START))
    while 0 <= place < len(data) - 4 and data[place + 1] != START_OF_SCAN:
        is_segment = data[place + 1] not in (0x00, 0xFF)  # else stray bytes or padding
        length = 2 + int.from_bytes(data[place + 2 : place + 4]) if is_segment else 1
        place = data.find(b"\xff", place + length)
    return max(0, place)


def _decode_with_pillow(data: bytes) -> ImagesU8:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return to_rgb(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError("not an image of a known format") from None
    except Exception as error:  # Pillow's plugins raise anything on bad bytes: OSError, SyntaxError, struct.error, ...
        raise ImageError(f"corrupt or truncated image: {error}") from error


def to_rgb(image: Image.Image) -> ImagesU8:
    """The pixels of an opened picture, as by `decode_image`. Raises ImageError, and what Pillow raises on bad bytes."""
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a camera's MPO begins with the photo
        raise ImageError(
            f"an animation or stack of {getattr(image, 'n_frames', 'several')} pictures; save the one you mean"
        )
    image.load()
    upright = ImageOps.exif_transpose(image)
    # Pillow keeps the 16 bits of a PGM in 32-bit pixels, but their range is that of other 16-bit images.
    if upright.mode.startswith("I;16") or (upright.mode == "I" and image.format == "PPM"):
        return np.repeat((np.asarray(upright) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if upright.mode in _WIDE_MODES:
        raise ImageError(f"pixels of mode {upright.mode} (32 bits), whose range is unknown; save 8 bits")
    return np.asarray(upright.convert("RGB"))
