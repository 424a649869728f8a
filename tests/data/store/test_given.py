"""Images given by programs: which kinds are accepted, how they are read, and how errors name an image."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet.data.records import DataError
from dgnet.data.store import given
from dgnet.data.store.decode import decode_image
from dgnet.data.store.given import GivenImages, read_given, resized_batches

SIZE = (8, 6)
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (12, 10, 3), dtype=np.uint8)


def file_of(image: Image.Image, kind: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return file_of(Image.fromarray(RGB), "JPEG", exif=exif)


@pytest.mark.parametrize(
    "data",
    [
        file_of(Image.fromarray(RGB), "JPEG"),
        turned(),
        file_of(Image.fromarray(RGB[:, :, 0]), "PNG"),
        file_of(Image.fromarray(RGB).convert("RGBA"), "PNG"),
        file_of(Image.fromarray(RGB).quantize(16), "PNG"),
        file_of(Image.fromarray(RGB).convert("LA"), "PNG"),
        file_of(Image.fromarray(RGB).convert("CMYK"), "JPEG"),
        file_of(Image.fromarray((RGB[:, :, 0].astype(np.uint16) << 8) + 7), "PNG"),
    ],
    ids=["rgb", "exif", "grey", "rgba", "palette", "grey with opacity", "cmyk", "16 bits"],
)
def test_a_file_and_pillows_picture_of_it_are_the_same_image(data: bytes, tmp_path: Path) -> None:
    """Both also equal what is made of the file's decoded pixels."""
    (tmp_path / "x").write_bytes(data)
    with Image.open(io.BytesIO(data)) as picture:
        read = read_given([tmp_path / "x", str(tmp_path / "x"), data, picture], SIZE)
        assert picture.load() is not None  # still the user's to use
    assert (read.shape, read.dtype) == ((4, *SIZE, 3), np.uint8)
    assert (read == read[0]).all()
    pixels = decode_image(data)
    assert np.array_equal(read_given(pixels, pixels.shape[:2])[0], pixels)
    assert np.array_equal(read_given(pixels, SIZE)[0], read[0])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (RGB[:, :, 0], np.repeat(RGB[:, :, :1], 3, axis=2)),
        (RGB[:, :, :1], np.repeat(RGB[:, :, :1], 3, axis=2)),
        (np.concatenate([RGB, RGB[:, :, :1]], axis=2), RGB),
        (RGB[:, ::-1], np.ascontiguousarray(RGB[:, ::-1])),
        (RGB[::2], np.ascontiguousarray(RGB[::2])),
        (torch.from_numpy(RGB), RGB),
    ],
    ids=["grey", "one channel", "rgba", "mirrored", "strided", "torch"],
)
def test_arrays(array: np.ndarray, expected: np.ndarray) -> None:
    size = expected.shape[:2]
    assert np.array_equal(read_given(array, size)[0], expected)
    assert np.array_equal(read_given([array, array], size), np.stack([expected] * 2))
    read_only = np.asarray(array).copy()
    read_only.flags.writeable = False
    assert np.array_equal(read_given(read_only, size)[0], expected)


def test_batches_are_of_the_size_asked_for() -> None:
    many = [RGB, RGB[None].repeat(4, axis=0), RGB[:5]]
    assert [len(batch) for batch in resized_batches(many, SIZE, batch_size=4)] == [4, 2]
    assert np.array_equal(read_given(many, SIZE), np.concatenate(list(resized_batches(many, SIZE, batch_size=1))))
    with pytest.raises(DataError, match="batch_size: found 0, must be at least 1"):
        list(resized_batches(many, SIZE, batch_size=0))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "images: none were given"),
        (iter(()), "images: none were given"),
        (RGB[None][:0], "images: none were given"),
        ([RGB, RGB / 255], r"images\[1\]: found an array of float64, must be uint8, 0 to 255; if they lie in 0 to 1: "),
        ([RGB.astype(np.uint16)], r"images\[0\]: found an array of uint16, must be uint8"),
        (RGB.transpose(2, 0, 1), r"images: found an array 3 x 12 x 10, must be H x W x 3; channels come last: x\.tr"),
        (RGB[None].transpose(0, 3, 1, 2), r"images\[0\]: found an array 3 x 12 x 10, must be H x W x 3; channels come"),
        ([RGB, RGB[0, 0]], r"images\[1\]: found an array 3, must be H x W x 3"),
        (np.uint8(3), "images: found a uint8, must be a path"),
        (np.zeros((2, 3, 4, 5, 3), np.uint8), "images: found an array 2 x 3 x 4 x 5 x 3, must be H x W x 3"),
        ([RGB, RGB[:0]], r"images\[1\]: found an array 0 x 10 x 3, which has no pixels"),
        ([RGB, None], r"images\[1\]: found a NoneType, must be a path"),
        ([RGB, [RGB, 3]], r"images\[1\]\[1\]: found a int, must be"),
        ({"a": RGB}, "images: found a dict, must be a path"),
        (torch.zeros(1, 3, 8, 6), r"images\[0\]: found an array of float32, must be uint8"),
        ([RGB, "nowhere.jpg"], r"images\[1\]: nowhere\.jpg: no such file"),
        (["."], r"images\[0\]: \.: a folder; give the files in it"),
        (["a\0b"], r"images\[0\]: "),
        ([b"nothing"], r"images\[0\]: cannot be read as an image: not an image of a known format"),
        ([b""], r"images\[0\]: cannot be read as an image: the file is empty"),
        (file_of(Image.fromarray(RGB), "JPEG")[:200], "images: cannot be read as an image: corrupt or truncated"),
        (Image.fromarray(RGB[:, :, 0].astype(np.int32)), r"images: cannot be read as an image: pixels of mode I \(32"),
    ],
)
def test_what_is_no_image_is_named_with_its_place(images: GivenImages, message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}"):
        read_given(images, SIZE)


def test_a_picture_whose_file_is_cut_short_is_named(tmp_path: Path) -> None:
    data = file_of(Image.fromarray(RNG.integers(0, 256, (99, 99, 3), dtype=np.uint8)), "PNG")
    (tmp_path / "cut.png").write_bytes(data[:-3000])
    with Image.open(tmp_path / "cut.png") as picture, pytest.raises(DataError, match=r"^images\[1\]: cannot be read"):
        read_given([RGB, picture], SIZE)


def test_images_are_decoded_by_threads_and_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that wait for each other are decoded at once; what comes is in the order that was given."""
    together, decode, seen = threading.Barrier(2, timeout=60), given.decode_image, set()

    def decode_together(data: bytes) -> np.ndarray:
        seen.add(threading.current_thread())
        together.wait()
        return decode(data)

    monkeypatch.setattr(given, "NUM_THREADS", 2)
    monkeypatch.setattr(given, "decode_image", decode_together)
    shades = [file_of(Image.new("L", (6, 8), shade), "PNG") for shade in range(0, 240, 30)]
    found = read_given(shades, SIZE)
    assert found[:, 0, 0, 0].tolist() == list(range(0, 240, 30))
    assert len(seen) == 2
    assert threading.current_thread() not in seen


def test_what_comes_before_a_broken_image_is_given_and_nothing_after_it_is_read() -> None:
    taken = 0

    def stream() -> Iterator[object]:
        nonlocal taken
        for index in range(100):
            taken += 1
            yield b"no image" if index == 3 else RGB

    batches = resized_batches(stream(), SIZE, batch_size=2)  # type: ignore[arg-type]
    assert len(next(batches)) == 2
    with pytest.raises(DataError, match=r"^images\[3\]: cannot be read as an image"):
        next(batches)
    assert taken == 6
