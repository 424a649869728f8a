"""Pictures are written whole, and refused before the work if they could not be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.files.outputs import OutputError
from dgnet.files.pictures import MAX_JPEG_SIDE, check_picture, save_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "picture.png"
    save_picture(path, PIXELS, zoom=3)
    with Image.open(path) as picture:
        assert picture.size == (96, 192)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_picture(path, PIXELS.astype(np.float64))  # no picture format holds these
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("zoom", [0, -1, -1000])
def test_case_31_zoom_is_at_least_one(zoom: int, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=rf"^--zoom: found {zoom}, must be at least 1$"):
        check_picture(tmp_path / "a.png", "--out", (64, 32), zoom, [])


@pytest.mark.parametrize(
    ("name", "size", "zoom", "message"),
    [
        ("a.jpg", (MAX_JPEG_SIDE + 1, 10), 1, "would be 65501 x 10 pixels; a JPEG holds 65500 a side: name a .png, or"),
        ("a.JPEG", (10, 32_751), 2, "a JPEG holds 65500 a side: name a .png, or give fewer images, or a smaller"),
        ("a.png", (100, 100), 1000, "more than the 178956970 that programs open; give fewer images, or a smaller --z"),
        ("a.png", (14_000, 14_000), 1, "more than the 178956970 that programs open; give fewer images$"),
    ],
)
def test_case_31_a_picture_that_is_too_large(
    name: str, size: tuple[int, int], zoom: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=message):
        check_picture(tmp_path / name, "--out", size, zoom, [])


def test_case_31_the_largest_that_is_allowed_can_be_written_and_opened(tmp_path: Path) -> None:
    for name, height, width in (("a.jpg", MAX_JPEG_SIDE, 3), ("a.png", MAX_JPEG_SIDE + 1, 3)):
        check_picture(tmp_path / name, "--out", (height, width), 1, [])
        save_picture(tmp_path / name, np.zeros((height, width, 3), np.uint8))
        with Image.open(tmp_path / name) as picture:
            assert picture.size == (width, height)
