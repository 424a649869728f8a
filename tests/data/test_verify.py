from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dgnet.config import preset
from dgnet.data.published_counts import PUBLISHED, Counts, published_name
from dgnet.data.records import DataError
from dgnet.data.verify import verify
from dgnet.experiment.data import open_data

NAMES = [
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c2s1_000301_01.jpg",
    "bounding_box_train/0002_c2s1_000302_01.jpg",
    "bounding_box_train/0007_c3s3_077419_03.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "bounding_box_test/0001_c2s1_000301_00.jpg",
    "bounding_box_test/0000_c12s1_000151_01.jpg",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
]


@pytest.fixture
def market(write_images, tmp_path: Path) -> Path:
    write_images(*NAMES)
    return tmp_path


def check(root: Path):
    return verify(root, progress=False)


def test_a_sound_data_set_is_ready_and_counted(market, monkeypatch):
    monkeypatch.setitem(PUBLISHED, "market1501", {"train": Counts(2, 4, 3), "query": Counts(1, 1, 1)})
    found = check(market)
    assert found.ok
    assert found.counts["train"] == Counts(2, 4, 3)
    assert found.counts["gallery"] == Counts(2, 2, 2)
    assert found.counts["junk"] == Counts(None, 1)
    assert found.images_per_identity == (1, 2, 3)
    assert found.lonely_identities == 1
    assert found.sizes == {(16, 8): 7}
    assert found.unreadable == found.duplicates == found.warnings == ()
    table = found.table()
    assert "ready to train" in table.splitlines()
    assert ["train", "2", "2", "4", "4", "3", "3"] in [line.split() for line in table.splitlines()]
    assert "images per camera: 1: 2, 2: 3, 3: 1, 12: 1" in table
    assert "16x8 (7 images)" in table


def test_counts_that_are_not_the_published_ones_are_said(market):
    found = check(market)
    assert found.ok
    assert "train has 2 identities, 751 were published: figures will not compare" in found.warnings
    assert any(warning.startswith("train has 4 images, 12936") for warning in found.warnings)
    assert "12936" in found.table()


def test_every_unreadable_file_is_named_and_training_may_not_start(market):
    (market / NAMES[0]).write_bytes(b"")
    (market / NAMES[4]).write_bytes((market / NAMES[4]).read_bytes()[:300])
    found = check(market)
    assert not found.ok
    assert [Path(path).name for path, _ in found.unreadable] == [Path(NAMES[0]).name, Path(NAMES[4]).name]
    table = found.table()
    assert f"{market / NAMES[0]} (the file is empty)" in table
    assert "not ready to train" in table.splitlines()
    assert "error: 2 files cannot be read" in table


def test_missing_files_of_a_manifest_are_named(write_images, tmp_path):
    write_images("a.jpg", "b.jpg")
    (tmp_path / "manifest.csv").write_text("path,pid,split\na.jpg,1,train\nb.jpg,2,train\nc.jpg,2,train\n")
    found = check(tmp_path)
    assert found.unreadable == ((str(tmp_path / "c.jpg"), "No such file or directory"),)
    assert "no queries, so nothing can be tested; give the data set a query and a gallery split" in found.errors


@pytest.mark.parametrize(
    ("source", "target", "harmful"),
    [
        (NAMES[0], NAMES[1], False),  # one identity, one split
        (NAMES[4], NAMES[5], False),  # one identity, query and gallery
        (NAMES[0], NAMES[3], True),  # two identities
        (NAMES[5], NAMES[6], True),  # two identities of the gallery
        (NAMES[0], NAMES[5], True),  # train and test
    ],
)
def test_duplicates_by_content(market, source, target, harmful):
    shutil.copy(market / source, market / target)
    found = check(market)
    assert [(set(d.paths), d.harmful) for d in found.duplicates] == [
        ({str(market / source), str(market / target)}, harmful)
    ]
    assert any("lie in train and test, or under two identities" in warning for warning in found.warnings) == harmful
    assert f"1 groups, {int(harmful)} of them harmful" in found.table()


def test_one_person_in_train_and_test_under_one_identity_is_harmful(write_images, tmp_path):
    write_images("a.jpg", "b.jpg")
    for name in ("q.jpg", "g.jpg"):
        shutil.copy(tmp_path / "a.jpg", tmp_path / name)
    rows = ["path,pid,split", "a.jpg,1,train", "b.jpg,2,train", "q.jpg,1,query", "g.jpg,1,gallery"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    assert [duplicate.harmful for duplicate in check(tmp_path).duplicates] == [True]


def test_one_identity_alone_cannot_be_trained_on(write_images, tmp_path):
    write_images("1/a_c1.jpg", "1/b_c2.jpg")
    found = check(tmp_path)
    assert not found.ok
    assert "training needs at least two identities; found 1" in found.errors


def test_what_cannot_be_read_at_all_raises(market):
    shutil.rmtree(market / "query")
    with pytest.raises(DataError, match="missing query"):
        check(market)


def test_cuhk03np_is_compared_with_its_boxes(write_images, tmp_path):
    for boxes in ("detected", "labeled"):
        write_images(
            f"{boxes}/bounding_box_train/0003_c1_1.png",
            f"{boxes}/query/0001_c1_2.png",
            f"{boxes}/bounding_box_test/0001_c2_10.png",
        )
    assert published_name(check(tmp_path).dataset) == "cuhk03np (detected)"
    assert published_name(check(tmp_path / "labeled").dataset) == "cuhk03np (labeled)"
    assert check(tmp_path / "labeled").published["gallery"].images == 5328


def test_sizes_are_those_seen_after_turning(market):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(market / NAMES[0], exif=exif)
    assert check(market).sizes == {(16, 8): 6, (30, 20): 1}


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


@pytest.mark.parametrize("images", [[*NAMES[4:6], NAMES[7]], ["query/a/1_c1.jpg", "gallery/a/2_c2.jpg"]])
def test_case_27_a_test_alone_is_ready_to_evaluate(write_images, tmp_path, images):
    write_images(*images)
    found = check(tmp_path)
    assert not found.ok
    assert found.table().splitlines()[-1] == "ready to evaluate, not to train"
    assert found.errors == ("no train images; training needs a train split",)
    assert not any(warning.startswith("train has") for warning in found.warnings)
