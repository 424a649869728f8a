from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.data.records import DataError, Record
from dgnet.data.store.crops import open_crops
from dgnet.data.store.packed import open_packed


@pytest.fixture
def records(write_images) -> list[Record]:
    paths = write_images(*(f"{k:03d}.{('jpg', 'png', 'jpg')[k % 3]}" for k in range(70)), size=(48, 20))
    Image.new("RGB", (30, 40), "red").save(paths[3])  # another size than the rest
    return [Record(path, number, 1) for number, path in enumerate(paths)]


@pytest.mark.parametrize("workers", [1, 3])
def test_pixels_and_interface_are_those_of_the_crop_store(records, tmp_path, workers):
    crops = open_crops(records, (32, 16), tmp_path / "cache", progress=False)
    packed = open_packed(records, (32, 16), tmp_path / "cache", workers=workers, progress=False)
    assert len(packed) == len(crops)
    assert packed.size == crops.size
    for indices in ([3], [69, 0, 3, 3, -1], np.arange(70)[::-1], slice(None), slice(10, 60, 7), []):
        ours = packed[indices]
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours, crops[indices])
    with pytest.raises(IndexError):
        packed[[70]]


def test_the_pack_is_the_files_and_serves_every_size(records, tmp_path):
    small = open_packed(records, (32, 16), tmp_path / "cache", progress=False)
    large = open_packed(records, (64, 32), tmp_path / "cache", progress=False)
    assert small.path == large.path
    assert small.path.read_bytes() == b"".join(Path(record.path).read_bytes() for record in records)
    assert large[[3, 4]].shape == (2, 64, 32, 3)


def test_a_changed_file_is_named_and_packed_anew(records, tmp_path, caplog):
    open_packed(records, (32, 16), tmp_path / "cache", progress=False)
    Image.new("RGB", (20, 48), "blue").save(records[1].path)
    with caplog.at_level(logging.WARNING):
        packed = open_packed(records, (32, 16), tmp_path / "cache", progress=False)
    assert records[1].path in caplog.text
    assert (packed[[1]] == (0, 0, 255)).all()


def test_unreadable_and_missing_files_are_named(records, tmp_path):
    Path(records[5].path).write_bytes(b"no image")
    Path(records[6].path).unlink()
    with pytest.raises(DataError, match=r"2 of 70 images cannot be read.*005\.jpg.*006\.jpg \(No such file"):
        open_packed(records, (32, 16), tmp_path / "cache", progress=False)
    with pytest.raises(ValueError, match="must be positive"):
        open_packed(records, (32, 0), tmp_path / "cache")
