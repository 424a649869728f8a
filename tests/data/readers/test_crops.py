from __future__ import annotations

from pathlib import Path

import pytest

from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError


def test_images_at_any_depth_are_one_nameless_crowd(write_images, tmp_path: Path) -> None:
    paths = write_images("a/b/c/1.jpg", "2.png", "z/3.jpg")
    found = read_dataset("crops", tmp_path)
    assert sorted(record.path for record in found.train) == sorted(paths)
    assert {record.pid for record in found.train} == {1}
    assert {record.camid for record in found.train} == {-1}
    assert not found.query
    assert "cameras are unknown (no _c<number> in 2.png, a/b/c/1.jpg, z/3.jpg)" in found.notes


def test_cameras_are_found_in_every_name_or_by_a_pattern(write_images, tmp_path: Path) -> None:
    write_images("yard/x_c2.jpg", "yard/y_c07.jpg", "door/z_c2.jpg")
    assert [record.camid for record in read_dataset("crops", tmp_path).train] == [2, 2, 7]
    found = read_dataset("crops", tmp_path, pattern="^(?P<camid>[^/]+)/")
    assert [record.camid for record in found.train] == [1, 2, 2]
    assert any("2 cameras are numbered" in note for note in found.notes)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "is no regular expression"),
        ("(?P<pid>.)(?P<camid>.)", r"must name the group \(\?P<camid>...\) and no other"),
        (r"^cam(?P<camid>\d)/", "finds no camera in 1.jpg"),
    ],
)
def test_patterns_that_cannot_work_are_refused(pattern: str, said: str, write_images, tmp_path: Path) -> None:
    write_images("1.jpg", "cam2/2.jpg")
    with pytest.raises(DataError, match=said):
        read_dataset("crops", tmp_path, pattern=pattern)


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no image here, at any depth; found 1 .*film\.mp4"):
        read_dataset("crops", tmp_path)
