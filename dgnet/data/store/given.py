"""Reading the images that a caller passes in: files, Pillow images or arrays, one or many, of any sizes.

Threads decode and resize the next batch while the caller works on this one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from dgnet.data.records import DataError
from dgnet.data.store.decode import ImageError, decode_image, to_rgb
from dgnet.data.store.resize import resize
from dgnet.files.images import ImagesU8

# A path, a file's bytes, a Pillow image, or uint8 pixels: H x W x 3, or N x H x W x 3 for several images.
GivenImage: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[np.uint8] | torch.Tensor"
GivenImages: TypeAlias = "GivenImage | Iterable[GivenImage]"

NUM_THREADS = min(8, os.cpu_count() or 1)  # that decode; more than one decoder per core gains nothing
CHANNELS = (1, 3, 4)  # grey, RGB, and RGB with opacity, which is dropped


def resized_batches(
    images: GivenImages, size: tuple[int, int], *, batch_size: int, name: str = "images"
) -> Iterator[ImagesU8]:
    """The images in order, decoded as a data set's and resized, in batches uint8 B x H x W x 3, B <= `batch_size`.

    A generator is read by the caller's thread, one batch ahead of the one that is given; no more is held in memory.

    Args:
        images: one or many; see `GivenImages`. Files and Pillow images are turned upright by their EXIF orientation.
            Arrays are RGB, 0 to 255; grey ones (H x W, H x W x 1) become RGB; a fourth channel is dropped.
        size: (height, width).
        name: what error messages call the images.

    Raises:
        DataError: there are no images, or one cannot be read; the message gives its place, such as `images[3]`.
    """
    if batch_size < 1:
        raise DataError(f"batch_size: found {batch_size}, must be at least 1")
    readers = _each(images, name)
    with ThreadPoolExecutor(NUM_THREADS, "dgnet-decode") as pool:

        def started() -> list[Future[ImagesU8]]:
            return [pool.submit(_resized, read, size) for read in islice(readers, batch_size)]

        try:
            current = started()
            if not current:
                raise DataError(f"{name}: none were given; give paths, Pillow's pictures or uint8 arrays")
            while current:
                following = started() if len(current) == batch_size else []
                yield np.stack([one.result() for one in current])
                current = following
        finally:  # an image that cannot be read, or a caller who stops: what waits is not begun
            pool.shutdown(cancel_futures=True)


def _resized(read: Callable[[], ImagesU8], size: tuple[int, int]) -> ImagesU8:
    resized: ImagesU8 = resize([read()], size)[0]  # at once, since whole photographs are large
    return resized


def read_given(images: GivenImages, size: tuple[int, int], name: str = "images") -> ImagesU8:
    """All images in one array, uint8 N x H x W x 3. Arguments and errors as of `resized_batches`."""
    return np.concatenate(list(resized_batches(images, size, batch_size=64, name=name)))


def _each(images: object, place: str) -> Iterator[Callable[[], ImagesU8]]:
    """What gives the H x W x 3 pixels of each image; `place` is where `images` are in what the caller passed."""
    if isinstance(images, torch.Tensor):
        images = images.detach().cpu().numpy()
    if isinstance(images, np.ndarray) and images.dtype.kind not in "OUS":
        if images.ndim == 4:
            for index, pixels in enumerate(images):
                yield partial(_from_array, pixels, f"{place}[{index}]")
        else:
            yield partial(_from_array, images, place)
    elif isinstance(images, str | os.PathLike):
        yield partial(_from_file, Path(images), place)
    elif isinstance(images, bytes | bytearray | memoryview):
        yield partial(_decoded, bytes(images), place)
    elif isinstance(images, Image.Image):
        yield partial(_from_pillow, images, place)
    elif isinstance(images, Iterable) and not isinstance(images, Mapping):
        for index, one in enumerate(images):
            yield from _each(one, f"{place}[{index}]")
    else:
        raise DataError(
            f"{place}: found a {type(images).__name__}, must be a path, a picture of Pillow's or uint8 pixels H x W x 3"
        )


def _from_file(path: Path, place: str) -> ImagesU8:
    try:
        data = path.expanduser().read_bytes()
    except FileNotFoundError:
        raise DataError(f"{place}: {path}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{place}: {path}: a folder; give the files in it, one by one") from None
    except (OSError, ValueError) as error:  # ValueError: a path that no system can have
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{place}: {path}: cannot be read: {reason}") from error
    return _decoded(data, f"{place}: {path}")


def _decoded(data: bytes, place: str) -> ImagesU8:
    try:
        return decode_image(data)
    except ImageError as error:
        raise DataError(f"{place}: cannot be read as an image: {error}") from error


def _from_pillow(image: Image.Image, place: str) -> ImagesU8:
    try:
        pixels = to_rgb(image)
    except Exception as error:  # Pillow reads a file only when its pixels are first used, and may then raise anything
        raise DataError(f"{place}: cannot be read as an image: {error}") from error
    if 0 in pixels.shape:
        raise DataError(f"{place}: a picture of {image.width} x {image.height} pixels")
    return pixels


def _from_array(array: npt.NDArray, place: str) -> ImagesU8:
    """The RGB pixels of an array: grey is repeated three times, opacity is dropped. Raises DataError."""
    shape = " x ".join(map(str, array.shape)) or "a single number"
    if array.dtype != np.uint8:
        advice = "; if they lie in 0 to 1: (255 * x).round().astype('uint8')" if array.dtype.kind == "f" else ""
        raise DataError(f"{place}: found an array of {array.dtype}, must be uint8, 0 to 255{advice}")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in CHANNELS:
        planes = array.ndim == 3 and array.shape[0] in CHANNELS
        advice = "; channels come last: x.transpose(1, 2, 0)" if planes else ""
        raise DataError(f"{place}: found an array {shape}, must be H x W x 3{advice}")
    if 0 in array.shape:
        raise DataError(f"{place}: found an array {shape}, which has no pixels")
    rgb = array if array.shape[2] == 3 else array[:, :, :3] if array.shape[2] == 4 else array.repeat(3, axis=2)
    pixels: ImagesU8 = np.ascontiguousarray(rgb)
    return pixels
