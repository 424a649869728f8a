"""Folders of a user's own crops that were once read wrongly; the tests carry the numbers of their cases."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dgnet.data.readers import folder
from dgnet.data.records import DataError


def names(records) -> list[str]:
    return [os.path.basename(r.path) for r in records]


def test_case_01_market_names_in_folders_keep_their_numbers_junk_and_distractors(write_images, tmp_path: Path):
    write_images(
        *(f"train/{pid}/{pid}_c1s1_000151_01.jpg" for pid in ("0002", "0007")),
        *(f"query/{pid}/{pid}_c1s1_000151_01.jpg" for pid in ("0001", "0003")),
        *(f"gallery/{pid}/{pid}_c2s1_000151_01.jpg" for pid in ("-1", "0000", "0001", "0003")),
    )
    dataset = folder.read(tmp_path)
    assert {r.pid for r in dataset.train} == {2, 7}
    assert [r.pid for r in dataset.query] == [1, 3]
    assert [r.pid for r in dataset.gallery] == [0, 1, 3]
    assert dataset.num_junk == 1
    assert dataset.names == {}
    assert dataset.notes == ()


@pytest.mark.parametrize("split", ["train", "query"])
def test_case_01_junk_belongs_in_the_gallery_alone(write_images, tmp_path: Path, split: str):
    write_images("train/2/a_c1.jpg", "query/1/a_c1.jpg", "gallery/1/a_c2.jpg", f"{split}/-1/a_c1.jpg")
    with pytest.raises(
        DataError, match=rf"junk images \(identity -1\) belong in the gallery alone, not in {split}: .*-1"
    ):
        folder.read(tmp_path)


def test_case_01_junk_of_one_tree_is_left_out_and_0_is_no_test_person(write_images, tmp_path: Path):
    write_images(*(f"{pid}/{k}_c{k}.jpg" for pid in ("-1", "0000", "0001", "0002", "ann") for k in (1, 2)))
    dataset = folder.read(tmp_path, num_test_ids=5)
    assert dataset.num_junk == 2
    assert {r.pid for r in dataset.train} | {r.pid for r in dataset.gallery} == {0, 1, 2, 3}
    assert 0 in {r.pid for r in dataset.train}
    assert dataset.names == {1: "0001", 2: "0002", 3: "ann"}


def test_case_01_junk_is_found_through_a_pattern(write_images, tmp_path: Path):
    write_images("p-1_c1.jpg", "p5_c1.jpg", "p5_c2.jpg", "p6_c1.jpg", "p6_c2.jpg")
    dataset = folder.read(tmp_path, pattern=r"p(?P<pid>-?\d+)_c(?P<camid>\d+)")
    assert dataset.num_junk == 1
    assert {r.pid for r in (*dataset.train, *dataset.gallery)} == {5, 6}


def test_case_01_two_folders_of_one_number_are_refused(write_images, tmp_path: Path):
    write_images("train/0002/a_c1.jpg", "query/1/a_c1.jpg", "gallery/1/a_c2.jpg", "gallery/2/a_c1.jpg")
    with pytest.raises(DataError, match=r"one number is written in two ways.*: 0002 and 2"):
        folder.read(tmp_path)


NESTED = [f"{pid}/cam{camid}/{k}.jpg" for pid in ("0001", "0002") for camid in (1, 2) for k in (0, 1)]


def test_case_02_a_pattern_reads_folders_below_an_identity(write_images, tmp_path: Path):
    write_images(*NESTED)
    dataset = folder.read(tmp_path, pattern=r"(?P<pid>\d+)/cam(?P<camid>\d+)", num_test_ids=0)
    assert [(r.pid, r.camid) for r in dataset.train] == [(p, c) for p in (1, 2) for c in (1, 2) for _ in range(2)]
    of_camera = folder.read(tmp_path, pattern=r"cam(?P<camid>\d+)", num_test_ids=0)
    assert of_camera.train == dataset.train


def test_case_02_without_a_pattern_deeper_images_are_named(write_images, tmp_path: Path):
    write_images(*NESTED)
    with pytest.raises(
        DataError, match=r"found 8 \(deeper than one folder per identity.*give a pattern.*0001/cam1/0\.jpg"
    ):
        folder.read(tmp_path)
    write_images("0001/a_c1.jpg", "0002/a_c1.jpg")
    dataset = folder.read(tmp_path)
    assert {path for path, _ in dataset.unread} == {str(tmp_path / name) for name in NESTED}
    assert "8 paths look like pictures and are not read" in dataset.warnings[0]


def test_case_03_digits_of_other_scripts_are_names(write_images, tmp_path: Path):
    write_images("１２/a_c1.jpg", "12/a_c1.jpg")
    dataset = folder.read(tmp_path)
    assert dataset.names == {1: "12", 2: "１２"}
    write_images("12/b_c１.jpg")  # nor are they a camera
    assert {r.camid for r in folder.read(tmp_path).train} == {-1}


def test_case_04_what_cannot_be_looked_at_is_kept_for_verify(write_images, tmp_path: Path):
    write_images("1/a_c1.jpg", "1/b_c2.jpg", "2/a_c1.jpg", "2/b_c2.jpg")
    os.symlink("gone.jpg", tmp_path / "1/c_c1.jpg")
    os.symlink("gone", tmp_path / "3")
    unreadable = folder.read(tmp_path).unreadable
    assert [path for path, _ in unreadable] == [str(tmp_path / "1/c_c1.jpg"), str(tmp_path / "3")]


def test_case_10_people_trained_on_and_tested_are_named(write_images, tmp_path: Path):
    write_images("train/ann/1_c1.jpg", "train/bob/1_c1.jpg", "query/ann/2_c1.jpg", "gallery/ann/3_c2.jpg")
    write_images("gallery/zed/4_c2.jpg")
    dataset = folder.read(tmp_path)
    assert dataset.warnings[0].startswith("1 of 2 test identities is trained on too: ann.")
    assert dataset.warnings[0] in dataset.notes


def test_case_10_distractors_are_nobody_who_was_trained_on(write_images, tmp_path: Path):
    write_images("train/0/1_c1.jpg", "train/1/1_c1.jpg", "query/2/2_c1.jpg", "gallery/2/3_c2.jpg", "gallery/0/4_c2.jpg")
    assert folder.read(tmp_path).warnings == ()


def test_case_12_a_folder_named_as_an_image_is_named(write_images, tmp_path: Path):
    write_images("1/a_c1.jpg", "1/x.jpg/inside.jpg", "2/a_c1.jpg")
    assert [path for path, _ in folder.read(tmp_path).unread] == [
        str(tmp_path / "1/x.jpg"),
        str(tmp_path / "1/x.jpg/inside.jpg"),
    ]


def test_case_13_people_without_an_image_that_is_read_are_named(write_images, tmp_path: Path):
    write_images("1/a_c1.jpg", "2/a_c1.jpg", "2/b_c1.pgm")
    for name in ("3/a_c1.heic", "4/a_c1.dat", "1/b_c1.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    dataset = folder.read(tmp_path)
    assert names(dataset.train) == ["a_c1.jpg", "a_c1.jpg", "b_c1.pgm"]
    assert dataset.warnings[0] == (
        "2 folders of identities have no image that is read, so these people are left out: "
        f"{tmp_path / '3'}, {tmp_path / '4'}"
    )
    assert dataset.warnings[1].startswith("2 paths look like pictures and are not read: 2 (.heic is not read")


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([f"{pid}/{k}_c1.jpg" for pid in (1, 2, 3) for k in (1, 2)], r"all images are from one camera \(1\)"),
        ([f"{pid}/a_c{pid}.jpg" for pid in (1, 2, 3)], "no identity is seen by two cameras"),
        ([f"{pid}/a.jpg" for pid in (1, 2, 3)], "no identity has two images"),
        (["1/a_c1.jpg", "1/b_c2.jpg"], "there is one identity alone"),
    ],
)
def test_case_17_why_nobody_is_held_out_is_said(write_images, tmp_path: Path, images: list[str], reason: str):
    write_images(*images)
    dataset = folder.read(tmp_path)
    assert dataset.query == dataset.gallery == ()
    assert re.search(f"nobody is held out as the test: {reason}", dataset.notes[-1])


def test_case_18_identities_and_cameras_beyond_64_bits_are_numbered(write_images, tmp_path: Path):
    people, cameras = ("20240515093000123456", "20240515093000123457"), ("99999999999999999998", "99999999999999999999")
    write_images(*(f"{person}/a_c{camera}.jpg" for person in people for camera in cameras))
    dataset = folder.read(tmp_path, num_test_ids=0)
    assert [(r.pid, r.camid) for r in dataset.train] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert dataset.names == {1: people[0], 2: people[1]}
    assert dataset.called(2) == people[1]
    assert "the 2 identities are numbered from 1 in the order of their names, since" in dataset.notes[0]
    assert people[0] in dataset.notes[0]
    assert "the 2 cameras are numbered from 1" in dataset.notes[1]


def test_case_27_queries_and_gallery_alone_are_read(write_images, tmp_path: Path):
    write_images("query/ann/1_c1.jpg", "gallery/ann/1_c2.jpg")
    dataset = folder.read(tmp_path)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (0, 1, 1)


PREPARED = [f"{pid}/{pid}_c{camid}s1_00000{k}_01.jpg" for pid in ("0002", "0007") for camid in (1, 2) for k in (1, 2)]


def test_case_28_a_common_preparation_of_market_is_read(write_images, tmp_path: Path):
    write_images(
        *(f"train_all/{name}" for name in PREPARED),
        *(f"{'val' if k in (0, 4) else 'train'}/{name}" for k, name in enumerate(PREPARED)),
        "train/0002/0002_c1s1_000009_01.jpg",
        "query/0001/0001_c1s1_000001_01.jpg",
        *(f"gallery/{pid}/{pid}_c2s1_000001_01.jpg" for pid in ("-1", "0000", "0001")),
        *(f"multi-query/{pid}/{pid}_c1s1_000009_01.jpg" for pid in ("0001", "0005")),
    )
    dataset = folder.read(tmp_path)
    assert [r.path for r in dataset.train] == [str(tmp_path / "train_all" / name) for name in PREPARED]
    assert [r.pid for r in dataset.multi_query] == [1]
    assert ([r.pid for r in dataset.gallery], dataset.num_junk) == ([0, 1], 1)
    assert dataset.unread == (
        (str(tmp_path / "train/0002/0002_c1s1_000009_01.jpg"), "not in train_all/, which is the training set"),
    )
    assert any("train/ and val/ beside it are parts of it" in note for note in dataset.notes)


def test_case_28_train_all_alone_is_one_tree(write_images, tmp_path: Path):
    write_images(*(f"train_all/{name}" for name in PREPARED), *(f"train/{name}" for name in PREPARED))
    dataset = folder.read(tmp_path)
    assert len(dataset.train) + len(dataset.query) + len(dataset.gallery) == len(PREPARED)


def test_case_28_images_beside_the_splits_are_named(write_images, tmp_path: Path):
    write_images("train/1/a_c1.jpg", "train/2/a_c1.jpg", "test/3/a_c1.jpg", "stray.jpg")
    assert [path for path, _ in folder.read(tmp_path).unread] == [
        str(tmp_path / "stray.jpg"),
        str(tmp_path / "test/3/a_c1.jpg"),
    ]


def test_case_28_two_folders_of_one_split_are_refused(write_images, tmp_path: Path):
    write_images("query/1/a_c1.jpg", "gallery/1/a_c2.jpg", "bounding_box_test/1/a_c2.jpg")
    with pytest.raises(DataError, match="gallery, bounding_box_test are folders of one split"):
        folder.read(tmp_path)


@pytest.mark.parametrize("name", ["train", "train_all", "multi-query"])
def test_case_04_a_split_that_is_a_link_to_nothing_is_named(write_images, tmp_path: Path, name: str):
    write_images("val/2/a_c1.jpg", "query/1/a_c1.jpg", "gallery/1/a_c2.jpg")
    (tmp_path / name).symlink_to("gone")
    with pytest.raises(DataError, match=f"{name}: a link to gone, which is no folder"):
        folder.read(tmp_path)


def test_a_name_that_unicode_writes_in_two_ways_is_one_person(write_images, tmp_path: Path):
    """As where one split comes from macOS, and another from elsewhere."""
    one, other = "jos\u00e9", "jose\u0301"
    write_images(f"query/{one}/0.jpg", f"gallery/{other}/1.jpg", "gallery/ann/2.jpg")
    dataset = folder.read(tmp_path)
    (asked,) = dataset.query
    assert [record.path for record in dataset.gallery if record.pid == asked.pid] == [
        str(tmp_path / "gallery" / other / "1.jpg")
    ]
    assert sorted(dataset.names.values()) == ["ann", one]
