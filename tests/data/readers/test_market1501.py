from __future__ import annotations

import os
from pathlib import Path

import pytest

from dgnet.data.disk.listing import list_tree
from dgnet.data.readers import mannequin, market1501
from dgnet.data.readers.tree import parse_folder
from dgnet.data.records import DataError

NAMES = {  # file names as the data sets ship them
    "0002_c1s1_000451_03.jpg": (2, 1),
    "1500_c6s3_086567_01.jpg": (1500, 6),
    "0000_c1s1_000151_01.jpg": (0, 1),
    "-1_c3s2_000401_00.jpg": (-1, 3),
    "0005_c2_f0046985.jpg": (5, 2),
    "7140_c8_f0074889.jpg": (7140, 8),
    "0003_c1_1.png": (3, 1),
    "1467_c2_10.png": (1467, 2),
    "0012_c15s1_000001_00.jpg": (12, 15),
}


@pytest.fixture
def market(write_images, tmp_path: Path) -> Path:
    write_images(
        "bounding_box_train/0002_c1s1_000451_03.jpg",
        "bounding_box_train/0002_c2s1_000301_01.jpg",
        "bounding_box_train/0007_c3s3_077419_03.jpg",
        "query/0001_c1s1_001051_00.jpg",
        "bounding_box_test/0001_c2s1_000301_00.jpg",
        "bounding_box_test/0000_c1s1_000151_01.jpg",
        "bounding_box_test/-1_c1s1_000401_03.jpg",
        "gt_bbox/0001_c1s1_001051_00.jpg",
        "gt_bbox/0001_c1s1_001076_00.jpg",
        "gt_bbox/0001_c2s1_000301_00.jpg",
        "gt_bbox/0002_c1s1_000451_00.jpg",
    )
    (tmp_path / "bounding_box_test" / "Thumbs.db").write_bytes(b"litter")
    (tmp_path / "query" / "._0001_c1s1_001051_00.jpg").write_bytes(b"litter")
    return tmp_path


def test_splits_junk_distractors_and_multi_query(market: Path):
    dataset = market1501.read(market)
    assert [(r.pid, r.camid) for r in dataset.train] == [(2, 1), (2, 2), (7, 3)]
    assert [(r.pid, r.camid) for r in dataset.query] == [(1, 1)]
    assert [(r.pid, r.camid) for r in dataset.gallery] == [(0, 1), (1, 2)]
    assert dataset.num_junk == 1
    assert [os.path.basename(r.path) for r in dataset.multi_query] == [
        "0001_c1s1_001051_00.jpg",
        "0001_c1s1_001076_00.jpg",
    ]
    assert dataset.name == "market1501"
    assert dataset.has_cameras
    assert all(Path(r.path).is_file() for split in dataset.splits().values() for r in split)


def test_the_folder_an_archive_unpacks_to_is_found(market: Path):
    unpacked = market / "Market-1501-v15.09.15"
    unpacked.mkdir()
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (market / folder).rename(unpacked / folder)
    assert market1501.read(market).root == unpacked


def test_mannequin_is_a_market_tree(market: Path):
    (market / "swap_targets").mkdir()
    dataset = mannequin.read(market)
    assert dataset.name == "mannequin"
    assert len(dataset.train) == 3


def test_real_names(tmp_path: Path):
    for name in NAMES:
        (tmp_path / name).touch()
    found = {os.path.basename(r.path): (r.pid, r.camid) for r in parse_folder(list_tree(tmp_path))}
    assert found == NAMES


@pytest.mark.parametrize("folder", ["query", "bounding_box_test"])
def test_a_missing_split_is_named(market: Path, folder: str):
    (market / folder).rename(market / "elsewhere")
    with pytest.raises(DataError, match=rf"missing {folder}"):
        market1501.read(market)


def test_an_empty_split_is_named(market: Path):
    for path in (market / "query").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"query: no image"):
        market1501.read(market)


@pytest.mark.parametrize("name", ["holiday.jpg", "0002.jpg", "0002_s1.jpg", "x0002_c1s1_0.jpg", "-2_c1s1_0.jpg"])
def test_an_unparsable_name_is_named(market: Path, name: str):
    (market / "bounding_box_train" / name).touch()
    with pytest.raises(DataError, match=rf"bounding_box_train: 1 of 4 file names.*: {name}"):
        market1501.read(market)


def test_junk_in_training_is_refused(market: Path):
    (market / "bounding_box_train" / "-1_c1s1_000401_03.jpg").touch()
    with pytest.raises(DataError, match="junk images"):
        market1501.read(market)


def test_a_missing_root_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        market1501.read(tmp_path / "nowhere")


def test_two_data_sets_in_one_folder_are_not_guessed_between(market: Path, tmp_path_factory):
    both = tmp_path_factory.mktemp("both")
    for name in ("one", "two"):
        for folder in ("bounding_box_train", "query", "bounding_box_test"):
            (both / name / folder).mkdir(parents=True)
    with pytest.raises(DataError, match="several data sets lie here"):
        market1501.read(both)


def test_reading_writes_nothing(market: Path):
    before = {p: p.stat().st_mtime_ns for p in market.rglob("*")}
    market1501.read(market)
    assert {p: p.stat().st_mtime_ns for p in market.rglob("*")} == before


def test_case_02_and_12_what_lies_deeper_in_a_split_is_named(write_images, market: Path):
    write_images("bounding_box_train/more/0009_c1s1_000451_03.jpg", "query/0005_c1s1_000451_03.jpg/inside.jpg")
    dataset = market1501.read(market)
    assert [(os.path.relpath(path, market), reason) for path, reason in dataset.unread] == [
        ("bounding_box_train/more/0009_c1s1_000451_03.jpg", "in a folder below bounding_box_train/; move them up"),
        ("query/0005_c1s1_000451_03.jpg", "a folder, though it is named as an image is"),
        ("query/0005_c1s1_000451_03.jpg/inside.jpg", "in a folder below query/; move them up"),
    ]
    assert dataset.warnings[0].startswith("3 paths look like pictures and are not read")


def test_case_02_a_split_whose_images_all_lie_deeper_is_refused(write_images, tmp_path: Path):
    write_images("bounding_box_train/0002/0002_c1s1_000451_03.jpg")
    with pytest.raises(
        DataError, match=r"no image in this folder; found 1 \(in a folder below .*0002_c1s1_000451_03\.jpg"
    ):
        market1501.read(tmp_path)


@pytest.mark.parametrize("name", ["１２_c1s1_0.jpg", "0002_c１s1_0.jpg", "1_2_c1s1_0.jpg", "+5_c1s1_0.jpg"])
def test_case_03_names_with_other_than_plain_digits_are_named(market: Path, name: str):
    (market / "bounding_box_train" / name).touch()
    with pytest.raises(DataError, match=r"1 of 4 file names carry no identity and camera"):
        market1501.read(market)


def test_case_04_links_to_nothing_are_named(market: Path):
    (market / "query" / "0001_c2s1_001051_00.jpg").symlink_to("gone.jpg")
    assert [path for path, _ in market1501.read(market).unreadable] == [str(market / "query/0001_c2s1_001051_00.jpg")]


def test_case_10_test_people_who_are_trained_on_are_named(write_images, market: Path):
    write_images("bounding_box_train/0001_c5s1_000451_03.jpg")
    assert market1501.read(market).warnings[0].startswith("1 of 1 test identities is trained on too: 1.")


@pytest.mark.parametrize("name", ["20240515093000123456_c1s1_0.jpg", "0002_c20240515093000123456s1_0.jpg"])
def test_case_18_numbers_beyond_64_bits_are_refused_by_name(market: Path, name: str):
    (market / "bounding_box_train" / name).touch()
    with pytest.raises(DataError, match=rf"{name}: a number must not be above"):
        market1501.read(market)


@pytest.mark.parametrize("name", ["bounding_box_train", "query", "gt_bbox"])
def test_case_04_a_split_that_is_a_link_to_nothing_is_named(market: Path, name: str):
    (market / name).rename(market / "elsewhere")
    (market / name).symlink_to("gone")
    with pytest.raises(DataError, match=f"{name}: a link to gone, which is no folder"):
        market1501.read(market)
    (market / name).unlink()
    (market / name).touch()
    with pytest.raises(DataError, match=f"{name}: not a folder"):
        market1501.read(market)
