"""Image bytes to RGB pixels, the same whichever decoder is at hand; what cannot be shown right is refused."""

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


_WIDE_MODES = frozenset({"I", "F"})  # 32 bits a pixel


class ImageError(DataError):
    """These bytes are no image that can be shown right; the message says why (the caller knows the file's name)."""


def decode_image(data: bytes) -> ImagesU8:
    """Decode to uint8 H×W×3 RGB, turned as its EXIF orientation says.

    Grey, palette, CMYK and 16-bit grey images become RGB; transparency is dropped. Raises ImageError for bytes that
    are empty, truncated, corrupt or no image, for animations, and for 32-bit pixels, whose range nobody knows.
    """
    if not data:
        raise ImageError("the file is empty")
    # Orientation lives in an Exif segment, which simplejpeg does not read.
    if simplejpeg is not None and data.startswith(b"\xff\xd8\xff") and b"Exif\x00\x00" not in data:
        try:
            if simplejpeg.decode_jpeg_header(data)[2] not in ("CMYK", "YCCK"):  # Pillow's CMYK rounds otherwise
                return simplejpeg.decode_jpeg(data)
        except ValueError as error:
            raise ImageError(f"corrupt or truncated JPEG: {error}") from None
    return _decode_with_pillow(data)


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
    """An opened picture as `decode_image` gives it. Raises ImageError, and what Pillow raises on bytes that are bad."""
    if getattr(image, "is_animated", False) and image.format != "MPO":  # a camera's MPO begins with the photo
        raise ImageError(
            f"an animation or stack of {getattr(image, 'n_frames', 'several')} pictures; save the one you mean"
        )
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        return np.repeat((np.asarray(upright) >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    if upright.mode in _WIDE_MODES:
        raise ImageError(f"pixels of mode {upright.mode} (32 bits), whose range is unknown; save 8 bits")
    return np.asarray(upright.convert("RGB"))
