from __future__ import annotations

from pathlib import Path

import pytest

from dgnet.data.readers.detect import NAMES, detect, read_dataset
from dgnet.data.records import DataError


def tree(names: tuple[str, str, str], prefix: str = "") -> list[str]:
    folders = ("bounding_box_train", "query", "bounding_box_test")
    return [f"{prefix}{folder}/{name}" for folder, name in zip(folders, names, strict=True)]


MARKET = tree(("0002_c1s1_000451_03.jpg", "0001_c1s1_001051_00.jpg", "0001_c2s1_000301_00.jpg"))
LAYOUTS = {
    "market1501": MARKET,
    "dukemtmc": tree(("0001_c2_f0046182.jpg", "0005_c2_f0046985.jpg", "0005_c8_f0051341.jpg")),
    "cuhk03np": tree(("0003_c1_1.png", "0001_c1_2.png", "0001_c2_10.png"), "detected/"),
    "mannequin": [*MARKET, "swap_targets/x.jpg"],
    "msmt17": ["train/0000/0000_000_01_0303morning_0008_0.jpg", "test/0000/0000_000_02_0303morning_0008_0.jpg"],
    "manifest": ["images/a.jpg"],
    "folder": ["12/a_c1.jpg", "13/b_c2.jpg"],
}


@pytest.fixture(params=[name for name in NAMES if name != "crops"])  # which is never recognised
def layout(request, write_images, tmp_path: Path) -> tuple[str, Path]:
    root = tmp_path / "data"
    write_images(*(f"data/{name}" for name in LAYOUTS[request.param]))
    match request.param:
        case "mannequin":
            (root / "swap_targets.csv").write_text("appearance,structure,target\n")
        case "manifest":
            (root / "manifest.csv").write_text("path,pid,split\nimages/a.jpg,1,train\n")
        case "msmt17":
            for split in ("train", "val", "query", "gallery"):
                folder, camera = ("train", "01") if split in ("train", "val") else ("test", "02")
                name = f"0000/0000_{'1' if split == 'val' else '0'}00_{camera}_0303morning_0008_0.jpg"
                (root / f"list_{split}.txt").write_text(f"{name} 0\n")
                assert (root / folder).is_dir()
    return request.param, root


def test_each_layout_is_detected_and_read(layout):
    name, root = layout
    assert detect(root) == name
    assert read_dataset("auto", root).name == name
    assert read_dataset("auto", root) == read_dataset(name, root)


def test_the_only_data_set_below_is_found(layout):
    name, root = layout
    if name == "folder":  # the child would be an identity
        return
    assert detect(root.parent) == name
    assert len(read_dataset("auto", root.parent).train) >= 1


def test_cuhk03np_boxes_are_recognised_by_name(write_images, tmp_path: Path):
    write_images(*LAYOUTS["cuhk03np"])
    assert detect(tmp_path / "detected") == "cuhk03np"


def test_a_manifest_file_is_a_manifest(tmp_path: Path):
    (tmp_path / "people.csv").write_text("path,pid,split\na.jpg,1,train\n")
    assert detect(tmp_path / "people.csv") == "manifest"
    assert read_dataset("auto", tmp_path / "people.csv").name == "manifest"


def test_several_data_sets_are_listed(write_images, tmp_path: Path):
    write_images(*(f"one/{name}" for name in MARKET), *(f"two/{name}" for name in LAYOUTS["dukemtmc"]))
    with pytest.raises(DataError, match=r"several data sets lie here: one \(market1501\), two \(dukemtmc\)"):
        detect(tmp_path)


def test_nothing_known_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="no data set is recognised here"):
        detect(tmp_path)
    with pytest.raises(DataError, match="nowhere: no such folder"):
        detect(tmp_path / "nowhere")
    (tmp_path / "bounding_box_train").mkdir()
    with pytest.raises(DataError, match="bounding_box_train: no image"):
        detect(tmp_path)
    (tmp_path / "bounding_box_train" / "holiday.jpg").touch()
    with pytest.raises(DataError, match=r"'holiday\.jpg' belong to no data set"):
        detect(tmp_path)


def test_an_unknown_name_gets_the_nearest(tmp_path: Path):
    with pytest.raises(DataError, match=r"no data set is called 'market'\. Did you mean 'market1501'"):
        read_dataset("market", tmp_path)


def test_folder_options_reach_the_reader(write_images, tmp_path: Path):
    write_images("p1k4.jpg", "p1k5.jpg", "p2k4.jpg", "p2k5.jpg")
    dataset = read_dataset("folder", tmp_path, pattern=r"p(?P<pid>\d)k(?P<camid>\d)", num_test_ids=1)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (2, 1, 1)


OWN_TREE = tree(("0001_c1_000003.jpg", "0003_c1_000009.jpg", "0003_c2_000003.jpg"))


def test_case_09_own_names_are_not_taken_for_a_published_data_set(write_images, tmp_path: Path):
    write_images(*OWN_TREE)
    with pytest.raises(
        DataError, match=r"names like '0001_c1_000003\.jpg' belong to no data set.*--name.*--pattern.*manifest"
    ):
        detect(tmp_path)


@pytest.mark.parametrize(
    "name", ["0001_c1_3.jpg", "0001_c3_3.png", "0001_c1_f3.jpg", "0001_c1s1_3.jpg", "1_c1s1_000003_01.jpg"]
)
def test_case_09_names_are_compared_whole(write_images, tmp_path: Path, name: str):
    write_images(f"bounding_box_train/{name}")
    with pytest.raises(DataError, match=f"names like '{name}' belong to no data set"):
        detect(tmp_path)


def test_case_09_all_names_count_not_the_first_alone(write_images, tmp_path: Path):
    write_images(*MARKET, "bounding_box_train/0009_c1_000003.jpg")
    with pytest.raises(DataError, match=r"not all of one of.*0002_c1s1.*\(market1501\), 0009_c1_000003\.jpg \(none\)"):
        detect(tmp_path)


def test_case_09_what_the_message_offers_works(write_images, tmp_path: Path):
    write_images(*OWN_TREE, "bounding_box_test/-1_c2_000003.jpg")
    read = read_dataset("auto", tmp_path, pattern=r"(?P<pid>-1|[0-9]+)_c(?P<camid>[0-9]+)")
    assert read.name == "folder"
    assert [(r.pid, r.camid) for r in (*read.train, *read.query, *read.gallery)] == [(1, 1), (3, 1), (3, 2)]
    assert read.num_junk == 1
    assert read_dataset("market1501", tmp_path).train == read.train


def test_case_02_a_pattern_makes_nested_folders_a_data_set(write_images, tmp_path: Path):
    write_images("0001/cam1/0.jpg", "0002/cam2/0.jpg")
    assert {r.pid for r in read_dataset("auto", tmp_path, pattern=r"(?P<pid>\d+)/cam(?P<camid>\d+)").train} == {1, 2}
    with pytest.raises(DataError, match="deeper than one folder per identity"):
        read_dataset("auto", tmp_path)


def test_case_04_what_cannot_be_read_is_refused_and_named(write_images, tmp_path: Path):
    write_images("1/a_c1.jpg", "2/a_c1.jpg")
    (tmp_path / "1/b_c1.jpg").symlink_to("gone.jpg")
    (tmp_path / "3").symlink_to("gone")
    with pytest.raises(
        DataError, match=r"2 things cannot be read.*1/b_c1\.jpg \(a link to gone\.jpg, .*3 \(a link to gone,"
    ):
        read_dataset("folder", tmp_path)


@pytest.mark.parametrize("name", ["market1501", "dukemtmc", "cuhk03np", "mannequin", "msmt17"])
def test_case_27_a_test_without_training_is_detected_and_read(write_images, tmp_path: Path, name: str):
    write_images(*(path for path in LAYOUTS[name] if "train" not in path))
    if name == "mannequin":
        (tmp_path / "swap_targets.csv").write_text("appearance,structure,target\n")
    if name == "msmt17":
        for split, camera in (("query", "02"), ("gallery", "02")):
            image = f"0000/0000_00{len(split)}_{camera}_0303morning_0008_0.jpg"
            (tmp_path / f"list_{split}.txt").write_text(f"{image} 0\n")
    read = read_dataset("auto", tmp_path)
    assert read.name == name
    assert (len(read.train), len(read.query), len(read.gallery)) == (0, 1, 1)


def test_case_27_training_alone_is_read_to_train_beside_another(write_images, tmp_path: Path):
    write_images(*(path for path in MARKET if "train" in path))
    read = read_dataset("auto", tmp_path)
    assert (read.name, len(read.train), len(read.query), len(read.gallery)) == ("market1501", 1, 0, 0)


def test_case_28_the_only_folder_of_splits_below_is_found(write_images, tmp_path: Path):
    write_images("pytorch/train_all/2/a_c1.jpg", "pytorch/query/1/a_c1.jpg", "pytorch/gallery/1/a_c2.jpg")
    read = read_dataset("auto", tmp_path)
    assert (read.name, read.root, len(read.train)) == ("folder", tmp_path / "pytorch", 1)
