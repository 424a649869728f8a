from __future__ import annotations

import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet.data.records import DataError, Record
from dgnet.data.store import crops as crops_module
from dgnet.data.store import recipe as store
from dgnet.data.store.crops import open_crops

SIZE = (32, 16)


def records_of(paths: list[str]) -> list[Record]:
    return [Record(path, number, 1) for number, path in enumerate(paths)]


def expected(path: str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize(SIZE[::-1], Image.Resampling.BICUBIC))


@pytest.fixture
def records(write_images) -> list[Record]:
    return records_of(write_images(*(f"{k:03d}.{('jpg', 'png')[k % 2]}" for k in range(150))))


def built(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_rows_are_the_resized_images_in_the_order_of_the_records(records, tmp_path):
    shuffled = records[::-1]
    crops = open_crops(shuffled, SIZE, tmp_path / "cache", progress=False)
    assert len(crops) == 150
    assert crops.size == SIZE
    assert isinstance(crops.images_u8, np.memmap)
    for place in (0, 63, 64, 149):
        np.testing.assert_allclose(crops.images_u8[place].astype(int), expected(shuffled[place].path), atol=4)


def test_getting_images_copies_them(records, tmp_path):
    crops = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    picked = crops[[5, 2, 5]]
    assert not isinstance(picked, np.memmap)
    np.testing.assert_array_equal(picked, np.stack([crops.images_u8[k] for k in (5, 2, 5)]))
    picked[:] = 0
    part = crops[10:12]
    part[:] = 0
    assert crops.images_u8[5].any()
    assert crops.images_u8[10].any()
    with pytest.raises(ValueError, match="read-only"):
        crops.images_u8[0] = 0
    with pytest.raises(IndexError):
        crops[[150]]


def test_a_second_opening_decodes_nothing(records, tmp_path, monkeypatch):
    first = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    monkeypatch.setattr(store, "decode_image", lambda _: pytest.fail("decoded again"))
    again = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    np.testing.assert_array_equal(first.images_u8, again.images_u8)
    os.utime(records[0].path, ns=(1, 1))  # touched, but the content is the same
    assert open_crops(records, SIZE, tmp_path / "cache", progress=False).path == first.path


def test_workers_change_nothing(records, tmp_path):
    one = open_crops(records, SIZE, tmp_path / "one", workers=1, progress=False)
    many = open_crops(records, SIZE, tmp_path / "many", workers=4, progress=False)
    np.testing.assert_array_equal(one.images_u8, many.images_u8)
    assert one.path.name == many.path.name


def test_workers_do_not_multiply_by_torchs_threads(records, tmp_path, monkeypatch):
    seen, resize, before = set(), crops_module.resize, torch.get_num_threads()
    monkeypatch.setattr(crops_module, "resize", lambda *args: seen.add(torch.get_num_threads()) or resize(*args))
    torch.set_num_threads(3)
    try:
        open_crops(records, SIZE, tmp_path / "cache", progress=False)
        assert (seen, torch.get_num_threads()) == ({1}, 3)
    finally:
        torch.set_num_threads(before)


def test_a_changed_file_is_named_and_the_store_rebuilt(records, tmp_path, caplog):
    old = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    kept = old.images_u8[7].copy()
    Image.new("RGB", (8, 16), "red").save(records[7].path)
    with caplog.at_level(logging.WARNING):
        new = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    assert "1 files changed" in caplog.text
    assert records[7].path in caplog.text
    np.testing.assert_allclose(new.images_u8[7].astype(int), expected(records[7].path), atol=4)
    np.testing.assert_array_equal(old.images_u8[7], kept)  # a run that still reads the old store is not disturbed
    assert not old.path.exists()


def test_size_and_recipe_have_stores_of_their_own(records, tmp_path, monkeypatch):
    first = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    larger = open_crops(records, (64, 32), tmp_path / "cache", progress=False)
    monkeypatch.setattr(crops_module, "VERSION", "another")
    renewed = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    assert len({first.path.parent, larger.path.parent, renewed.path.parent}) == 3


def test_every_unreadable_file_is_named_in_one_error_and_nothing_is_left(records, tmp_path):
    Path(records[3].path).write_bytes(b"")
    Path(records[70].path).write_bytes(Path(records[70].path).read_bytes()[:200])
    Path(records[149].path).unlink()
    with pytest.raises(DataError) as raised:
        open_crops(records, SIZE, tmp_path / "cache", progress=False)
    message = str(raised.value)
    assert "3 of 150 images cannot be read" in message
    assert f"{records[3].path} (the file is empty)" in message
    assert f"{records[70].path} (corrupt or truncated" in message
    assert f"{records[149].path} (No such file" in message
    assert built(tmp_path / "cache") == ["lock"]


def test_a_file_that_went_missing_later_is_named(records, tmp_path):
    open_crops(records, SIZE, tmp_path / "cache", progress=False)
    Path(records[9].path).unlink()
    with pytest.raises(DataError, match=r"009\.png \(No such file"):
        open_crops(records, SIZE, tmp_path / "cache", progress=False)


@pytest.mark.parametrize("damage", [b"", b"not an index", None])
def test_a_damaged_store_is_built_again(records, tmp_path, damage):
    crops = open_crops(records, SIZE, tmp_path / "cache", progress=False)
    whole = np.array(crops.images_u8)
    if damage is None:
        os.truncate(crops.path, 1000)
    else:
        (crops.path.parent / "index.npz").write_bytes(damage)
    np.testing.assert_array_equal(open_crops(records, SIZE, tmp_path / "cache", progress=False).images_u8, whole)


def test_a_disk_too_small_is_said_before_the_work(records, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
    monkeypatch.setattr(store, "decode_image", lambda _: pytest.fail("decoded"))
    with pytest.raises(DataError, match="needs 0 MB and 0 MB are free; name another"):
        open_crops(records, SIZE, tmp_path / "cache", progress=False)


def test_a_cache_that_cannot_be_written_is_named(records, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file.*cannot write the crop store"):
        open_crops(records, SIZE, tmp_path / "file" / "cache", progress=False)


def test_a_read_only_data_directory_is_enough(records, tmp_path):
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    tmp_path.chmod(0o555)
    try:
        cache = tmp_path.parent / f"{tmp_path.name}-cache"
        assert len(open_crops(records, SIZE, cache, progress=False)) == 150
    finally:
        tmp_path.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_a_store_being_built_elsewhere_is_waited_for(records, tmp_path, caplog):
    fcntl = pytest.importorskip("fcntl")
    folder = open_crops(records, SIZE, tmp_path / "cache", progress=False).path.parent
    (folder / "index.npz").unlink()
    with open(folder / "lock", "wb") as building, ThreadPoolExecutor(1) as pool, caplog.at_level(logging.WARNING):
        fcntl.flock(building, fcntl.LOCK_EX)
        opened = pool.submit(open_crops, records, SIZE, tmp_path / "cache", progress=False)
        with pytest.raises(TimeoutError):
            opened.result(timeout=0.3)
        fcntl.flock(building, fcntl.LOCK_UN)
        assert len(opened.result(timeout=60)) == 150
    assert "another process is building this store" in caplog.text


def test_no_records_and_bad_sizes_are_refused(tmp_path):
    with pytest.raises(DataError, match="no images"):
        open_crops([], SIZE, tmp_path)
    with pytest.raises(ValueError, match="positive"):
        open_crops([Record("a.jpg", 1, 1)], (0, 16), tmp_path)


@pytest.mark.timeout(20)
def test_case_04_a_pipe_is_named_and_not_waited_for(write_images, tmp_path):
    records = [Record(path, 1, 1) for path in (*write_images("a.jpg"), str(tmp_path / "pipe.jpg"))]
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(
        DataError, match=r"1 of 2 images cannot be read.*pipe\.jpg \(a pipe, socket or device, not a file\)"
    ):
        open_crops(records, (16, 8), tmp_path / "cache", progress=False)
