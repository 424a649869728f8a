"""What `data verify` reports of data that it once judged wrongly; the tests carry the numbers of their cases."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.config import preset
from dgnet.data.records import DataError
from dgnet.data.verify import verify
from dgnet.experiment.data import open_data

NAMES = [
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0007_c3s3_077419_03.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "bounding_box_test/0001_c2s1_000301_00.jpg",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
]


@pytest.fixture
def market(write_images, tmp_path: Path) -> Path:
    write_images(*NAMES)
    return tmp_path


def check(root: Path):
    return verify(root, progress=False)


def test_case_04_what_cannot_be_looked_at_is_listed_beside_what_cannot_be_decoded(market):
    (market / "query" / "0001_c2s1_001051_00.jpg").symlink_to("gone.jpg")
    os.mkfifo(market / "bounding_box_test" / "0001_c3s1_001051_00.jpg")
    (market / NAMES[0]).write_bytes(b"")
    found = check(market)
    assert found.unreadable == (
        (str(market / "bounding_box_test/0001_c3s1_001051_00.jpg"), "a named pipe, not a file"),
        (str(market / "query/0001_c2s1_001051_00.jpg"), "a link to gone.jpg, which does not exist"),
        (str(market / NAMES[0]), "the file is empty"),
    )
    assert found.errors == ("3 files cannot be read (listed above): replace or remove them",)
    assert found.verdict == "not ready to train"


@pytest.mark.timeout(20)
def test_case_04_a_pipe_in_a_manifest_is_named_and_not_waited_for(write_images, tmp_path):
    write_images("a.jpg", "b.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    rows = ["a.jpg,1,train", "b.jpg,2,train", "pipe.jpg,2,train", "zero.jpg,2,train", "folder.jpg,2,train"]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,pid,split", *rows]))
    assert check(tmp_path).unreadable == (
        (str(tmp_path / "folder.jpg"), "a folder, not a file"),
        (str(tmp_path / "pipe.jpg"), "a pipe, socket or device, not a file"),
        (str(tmp_path / "zero.jpg"), "a pipe, socket or device, not a file"),
    )


def test_case_02_and_13_what_is_not_read_is_listed_and_counted(write_images, tmp_path):
    write_images("1/a_c1.jpg", "1/b_c2.jpg", "2/a_c1.jpg", "2/b_c2.jpg", "3/a_c1.jpg", "1/more/x_c1.jpg")
    (tmp_path / "3/b_c1.heic").touch()
    found = check(tmp_path)
    lines = found.table().splitlines()
    assert "like pictures, but not read: 2" in lines
    assert any(line.startswith(f"  {tmp_path / '1/more/x_c1.jpg'} (deeper than one folder") for line in lines)
    assert f"  {tmp_path / '3/b_c1.heic'} (.heic is not read; save it as JPEG or PNG)" in lines
    said = [line for line in lines if "2 paths look like pictures and are not read" in line]
    assert len(said) == 1
    assert said[0].startswith("warning: ")


def test_long_lists_of_what_is_not_read_are_counted(write_images, tmp_path):
    write_images("1/a_c1.jpg", "2/a_c1.jpg")
    for number in range(103):
        (tmp_path / f"1/{number:03d}.heic").touch()
    lines = check(tmp_path).table().splitlines()
    assert sum(line.endswith("save it as JPEG or PNG)") for line in lines) == 100
    assert "  and 3 more" in lines


def test_case_10_training_on_the_tested_is_a_warning(write_images, tmp_path):
    write_images("train/ann/1_c1.jpg", "train/bob/1_c1.jpg", "query/ann/2_c1.jpg", "gallery/ann/3_c2.jpg")
    found = check(tmp_path)
    assert found.ok
    assert "warning: 1 of 1 test identities is trained on too: ann. " in found.table()
    assert "note: 1 of 1" not in found.table()


SPLIT_PIDS = {"train": (1, 2), "query": (3, 4), "gallery": (3, 4)}
ONE_CAMERA = [f"{split}/{pid}/{split}_c1.jpg" for split, pids in SPLIT_PIDS.items() for pid in pids]


def test_case_16_one_camera_is_said_before_training(write_images, tmp_path):
    write_images(*ONE_CAMERA)
    found = check(tmp_path)
    assert [error.partition(":")[0] for error in found.errors] == ["none of the 2 queries has a true match"]
    assert "every query and gallery image is by camera 1" in found.errors[0]
    assert found.verdict == "not ready to train"
    write_images("gallery/3/other_c2.jpg")
    assert check(tmp_path).ok


def test_case_16_nobody_seen_by_two_cameras(write_images, tmp_path):
    write_images(*ONE_CAMERA, "gallery/5/other_c2.jpg")
    assert "shows each query's identity by the query's own camera alone (cameras 1, 2)" in check(tmp_path).errors[0]


def test_case_16_without_cameras_a_query_needs_another_file_than_its_own(write_images, tmp_path):
    write_images("a.jpg", "b.jpg", "q.jpg", "g.jpg")
    rows = ["path,pid,split", "a.jpg,1,train", "b.jpg,2,train", "q.jpg,3,query", "q.jpg,3,gallery", "g.jpg,4,gallery"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    assert "a true match in the gallery (another file of the same identity)" in check(tmp_path).errors[0]
    (tmp_path / "manifest.csv").write_text("\n".join([*rows[:-1], "g.jpg,3,gallery"]))
    assert check(tmp_path).ok


def test_case_17_one_camera_without_splits_is_not_ready_and_training_says_the_same(write_images, tmp_path):
    write_images(*(f"{pid}/{k}_c1.jpg" for pid in (1, 2, 3) for k in (1, 2)), size=(64, 32))
    found = check(tmp_path)
    assert found.verdict == "not ready to train"
    assert found.errors[0].startswith("no queries: every image is by camera 1, so nobody can be held out")
    assert any("all images are from one camera (1)" in note for note in found.dataset.notes)
    config = preset("mannequin")
    with pytest.raises(DataError, match=re.escape(found.errors[0])):
        open_data(replace(config, data=replace(config.data, name="auto", root=str(tmp_path))))


@pytest.mark.parametrize("images", [NAMES[2:], ["query/a/1_c1.jpg", "gallery/a/2_c2.jpg"]])
def test_case_27_a_test_alone_is_ready_to_evaluate(write_images, tmp_path, images):
    write_images(*images)
    found = check(tmp_path)
    assert not found.ok
    assert found.table().splitlines()[-1] == "ready to evaluate, not to train"
    assert found.errors == ("no train images; training needs a train split",)
    assert not any(warning.startswith("train has") for warning in found.warnings)
