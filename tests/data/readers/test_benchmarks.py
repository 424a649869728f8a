"""The readers of DukeMTMC-reID, MSMT17 and CUHK03-NP, on files with these data sets' names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dgnet.data.readers import cuhk03np, dukemtmc, msmt17
from dgnet.data.records import DataError

MSMT17_LINES = {  # lines of the lists as they are shipped: path below train/ or test/, and the pid
    "0000/0000_000_01_0303morning_0008_0.jpg 0": (0, 1),
    "0000/0000_004_05_0303afternoon_2015_1.jpg 0": (0, 5),
    "1040/1040_039_15_0302noon_1192_2.jpg 1040": (1040, 15),
    "3059/3059_021_10_0113morning_1032_0_ex.jpg 3059": (3059, 10),
}

FIRST, SECOND, THIRD, FOURTH = MSMT17_LINES
MSMT17_LISTS = {
    "train": [FIRST, SECOND],
    "val": [THIRD],
    "query": [FOURTH],
    "gallery": [FOURTH.replace("_10_", "_02_")],
}


def write_msmt17(root: Path, train: str, test: str) -> None:
    for folder in (train, test):
        (root / folder).mkdir()
    for split in MSMT17_LISTS:
        write_msmt17_list(root, split)


def write_msmt17_list(root: Path, split: str) -> None:
    (root / f"list_{split}.txt").write_text("\n".join(MSMT17_LISTS[split]) + "\n")


@pytest.mark.parametrize(("version", "folders"), msmt17.VERSIONS.items())
def test_msmt17_versions_are_told_apart(tmp_path: Path, version: str, folders: tuple[str, str]):
    write_msmt17(tmp_path, *folders)
    dataset = msmt17.read(tmp_path)
    assert [(r.pid, r.camid) for r in dataset.train] == [(0, 1), (0, 5), (1040, 15)]
    assert [(r.pid, r.camid) for r in dataset.query] == [(3059, 10)]
    assert [(r.pid, r.camid) for r in dataset.gallery] == [(3059, 2)]
    assert dataset.train[0].path == str(tmp_path / folders[0] / "0000/0000_000_01_0303morning_0008_0.jpg")
    assert dataset.query[0].path.startswith(str(tmp_path / folders[1]))
    assert dataset.notes[0].startswith(version)


def test_msmt17_lines(tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_train.txt").write_text("\n".join(MSMT17_LINES) + "\n\n")
    (tmp_path / "list_val.txt").write_text("0002/0002_000_03_0303morning_0008_0.jpg 2\n")
    found = [(r.pid, r.camid) for r in msmt17.read(tmp_path).train if r.pid != 2]
    assert found == list(MSMT17_LINES.values())


def test_msmt17_missing_parts_are_named(tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_val.txt").unlink()
    with pytest.raises(DataError, match=r"list_val\.txt: this list is missing"):
        msmt17.read(tmp_path)
    write_msmt17_list(tmp_path, "val")
    (tmp_path / "test").rmdir()
    with pytest.raises(DataError, match=r"test: this folder is missing"):
        msmt17.read(tmp_path)
    (tmp_path / "train").rmdir()
    with pytest.raises(DataError, match=r"neither V1.*nor V2"):
        msmt17.read(tmp_path)


@pytest.mark.parametrize("line", ["0000/photo.jpg 0", "0000/0000_000_xx_0.jpg 0", "0000/0000_000_01_0.jpg", "a_b_1 c"])
def test_msmt17_unparsable_lines_are_named(tmp_path: Path, line: str):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_query.txt").write_text(f"{next(iter(MSMT17_LINES))}\n{line}\n")
    with pytest.raises(DataError, match=r"list_query\.txt, line 2: expected a path whose third"):
        msmt17.read(tmp_path)


def test_msmt17_empty_and_non_utf8_lists_are_named(tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_query.txt").write_bytes(b"\n")
    with pytest.raises(DataError, match=r"list_query\.txt: this list is empty"):
        msmt17.read(tmp_path)
    (tmp_path / "list_query.txt").write_bytes(b"0000/caf\xe9_000_01_0.jpg 0\n")
    with pytest.raises(DataError, match=r"list_query\.txt: not UTF-8 text \(byte 8\)"):
        msmt17.read(tmp_path)


def test_dukemtmc(write_images, tmp_path: Path):
    write_images(
        "bounding_box_train/0001_c2_f0046182.jpg",
        "query/0005_c2_f0046985.jpg",
        "bounding_box_test/0005_c8_f0051341.jpg",
        "bounding_box_test/7140_c8_f0074889.jpg",
    )
    dataset = dukemtmc.read(tmp_path)
    assert [(r.pid, r.camid) for r in (*dataset.train, *dataset.query)] == [(1, 2), (5, 2)]
    assert [(r.pid, r.camid) for r in dataset.gallery] == [(5, 8), (7140, 8)]
    assert "withdrawn" in dataset.notes[0]


def test_cuhk03np_boxes(write_images, tmp_path: Path):
    for boxes, camera in (("detected", 1), ("labeled", 2)):
        write_images(
            f"{boxes}/bounding_box_train/0003_c{camera}_1.png",
            f"{boxes}/query/0001_c1_2.png",
            f"{boxes}/bounding_box_test/0001_c2_10.png",
        )
    detected = cuhk03np.read(tmp_path)
    assert [(r.pid, r.camid) for r in detected.train] == [(3, 1)]
    assert os.path.basename(detected.gallery[0].path) == "0001_c2_10.png"
    assert "detected" in detected.notes[0]
    labeled = cuhk03np.read(tmp_path, boxes="labeled")
    assert [(r.pid, r.camid) for r in labeled.train] == [(3, 2)]
    assert cuhk03np.read(tmp_path / "labeled") == labeled
    with pytest.raises(DataError, match="boxes='detected' was asked for"):
        cuhk03np.read(tmp_path / "labeled", boxes="detected")
    (tmp_path / "labeled").rename(tmp_path / "other")
    with pytest.raises(DataError, match="missing labeled"):
        cuhk03np.read(tmp_path, boxes="labeled")


@pytest.mark.parametrize(
    "line",
    [
        "0000/0000_000_01_0.jpg 1_0",
        "0000/0000_000_1_0.jpg １",
        "0000/0000_000_+1_0.jpg 1",
        "0000/0000_000_01_0.jpg 1.0",
    ],
)
def test_case_03_msmt17_numbers_are_plain_digits(tmp_path: Path, line: str):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_query.txt").write_text(f"{FOURTH}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"list_query\.txt, line 2: .*plain digits"):
        msmt17.read(tmp_path)


def test_case_18_msmt17_numbers_beyond_64_bits_are_refused(tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_query.txt").write_text("0000/0000_000_01_0.jpg 20240515093000123456\n")
    with pytest.raises(DataError, match=r"line 1: .*20240515093000123456.*must not be above"):
        msmt17.read(tmp_path)


def test_case_02_msmt17_images_in_no_list_are_named(write_images, tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    write_images(f"train/{FIRST.split()[0]}", "train/0000/0000_099_01_0303morning_0008_0.jpg", "test/x.jpg/y.jpg")
    dataset = msmt17.read(tmp_path)
    assert [(os.path.relpath(path, tmp_path), reason) for path, reason in dataset.unread] == [
        ("test/x.jpg", "a folder, though it is named as an image is"),
        ("test/x.jpg/y.jpg", "in none of the lists"),
        ("train/0000/0000_099_01_0303morning_0008_0.jpg", "in none of the lists"),
    ]


def test_case_10_msmt17_numbers_its_test_anew(tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    (tmp_path / "list_train.txt").write_text(FOURTH + "\n")
    assert msmt17.read(tmp_path).warnings == ()


@pytest.mark.parametrize("sides", [("train", "val"), ("query", "gallery")])
def test_case_27_one_side_of_msmt17_is_read(tmp_path: Path, sides: tuple[str, str]):
    write_msmt17(tmp_path, "train", "test")
    for split in MSMT17_LISTS.keys() - sides:
        (tmp_path / f"list_{split}.txt").unlink()
    (tmp_path / ("test" if "train" in sides else "train")).rmdir()
    dataset = msmt17.read(tmp_path)
    filled = {split for split, records in dataset.splits().items() if records}
    assert filled == ({"train"} if "train" in sides else {"query", "gallery"})


def test_case_30_msmt17_lists_of_another_system(write_images, tmp_path: Path):
    write_msmt17(tmp_path, "train", "test")
    names = [line.split()[0] for line in (FIRST, SECOND)]
    write_images(*(f"train/{name}" for name in names))
    lines = "".join(f"{name}\t0\r\n".replace("/", "\\") for name in names)
    (tmp_path / "list_train.txt").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert {str(tmp_path / "train" / name) for name in names} < {r.path for r in msmt17.read(tmp_path).train}


def test_case_27_cuhk03np_without_training(write_images, tmp_path: Path):
    write_images("labeled/query/0001_c1_2.png", "labeled/bounding_box_test/0001_c2_10.png")
    dataset = cuhk03np.read(tmp_path / "labeled")
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (0, 1, 1)
