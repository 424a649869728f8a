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


@pytest.fixture(params=NAMES)
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
