"""From what a user gives (a file, bytes, a picture, pixels) to a crop that a gallery can keep."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dgnet.data.records import DataError
from dgnet.data.store.decode import ImageError, decode_image, to_rgb
from dgnet.data.store.given import GivenImage, read_given
from dgnet.data.store.resize import resize
from dgnet.files.images import ImagesU8
from dgnet.files.names import name_kept, readable
from dgnet.gallery.remote import is_url, read_url
from dgnet.gallery.stores.protocol import as_name

MAX_PIXELS = 50_000_000  # of one image: a large photograph; more is a mistake, or meant to use up the memory
THUMBNAIL_HEIGHT = 128
_SMALL_BYTES = 6_000  # a JPEG of at most this size and height is its own thumbnail
_QUALITY = 85


@dataclass(frozen=True)
class Item:
    """One image to add, and what is known of it; see `Entry`. Where `source` is empty, it is the image's path.

    Names become text as galleries keep it, so that a camera 1 is the camera "1" to whatever is done with it.
    """

    image: GivenImage
    source: str = ""
    camera: str = ""
    time: float | None = None
    identity: str = ""
    track: str = ""

    def __post_init__(self) -> None:
        for name in ("camera", "identity", "track"):
            object.__setattr__(self, name, name_kept(as_name(getattr(self, name))))


@dataclass(frozen=True)
class Crop:
    """An image that was read: its pixels at the model's size (uint8 H×W×3), and its thumbnail (JPEG)."""

    pixels: ImagesU8
    thumbnail: bytes


@dataclass(frozen=True)
class Read:
    """The bytes of an image, and their SHA-256."""

    data: bytes | None  # None for pixels in memory
    content_hash: str


def source_of(item: Item) -> str:
    """What names an item in the gallery and in messages; bytes of a path that are no text are escaped."""
    if item.source or not isinstance(item.image, str | os.PathLike):
        return readable(item.source or f"<{type(item.image).__name__}>")
    name = os.fspath(item.image)
    return readable(name if is_url(name) else os.path.abspath(os.path.expanduser(name)))


def read_item(item: Item) -> Read:
    """Read an item's file and hash it. Raises DataError, without the name."""
    image = item.image
    if isinstance(image, str) and is_url(image):
        data = read_url(image)
        return Read(data, hashlib.sha256(data).hexdigest())
    if isinstance(image, str | os.PathLike):
        path = Path(image).expanduser()
        try:
            if not path.is_file():
                raise DataError("no such file" if not path.exists() else "not a file")
            data = path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}") from error
        return Read(data, hashlib.sha256(data).hexdigest())
    if isinstance(image, bytes | bytearray | memoryview):
        return Read(bytes(image), hashlib.sha256(image).hexdigest())
    pixels = _pixels_in_memory(image)
    return Read(None, hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest())


def decode_item(item: Item, read: Read, size: tuple[int, int], *, thumbnail: bool) -> Crop:
    """Decode and resize. Raises DataError, without the name."""
    if read.data is None:
        pixels = _pixels_in_memory(item.image)
    else:
        _refuse_huge(read.data)
        pixels = decode_image(read.data)
    small = thumbnail_of(pixels, read.data) if thumbnail else b""
    return Crop(resize([pixels], size)[0], small)


def _pixels_in_memory(image: object) -> ImagesU8:
    if isinstance(image, Image.Image):
        return to_rgb(image)
    shape = np.shape(image)  # type: ignore[call-overload]
    if len(shape) < 2:
        raise DataError(f"found a {type(image).__name__}, must be a path, a Pillow image or uint8 pixels H x W x 3")
    pixels: ImagesU8 = read_given(image, (shape[0], shape[1]))[0]  # type: ignore[arg-type]
    return pixels


def _refuse_huge(data: bytes) -> None:
    """Raise ImageError for an image of too many pixels, by its header alone; other faults are found by decoding."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit is higher
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
    except Image.DecompressionBombError as error:
        raise ImageError(f"more than {MAX_PIXELS:,} pixels: {error}") from error
    except Exception:
        return
    if width * height > MAX_PIXELS:
        raise ImageError(f"{width} x {height} pixels, more than the {MAX_PIXELS:,} that are read; save it smaller")


def thumbnail_of(pixels: ImagesU8, data: bytes | None = None) -> bytes:
    """A JPEG at most THUMBNAIL_HEIGHT high: `data` itself if it is a small file without Exif, else a new one."""
    height, width = pixels.shape[:2]
    small = height <= THUMBNAIL_HEIGHT and width <= 2 * THUMBNAIL_HEIGHT
    if small and data is not None and len(data) <= _SMALL_BYTES and data[:2] == b"\xff\xd8" and b"Exif" not in data:
        return data
    if not small:
        scale = min(THUMBNAIL_HEIGHT / height, 2 * THUMBNAIL_HEIGHT / width)
        pixels = resize([pixels], (max(1, round(height * scale)), max(1, round(width * scale))))[0]
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
