"""Which images are added, and what is known of them: from names, tables and data sets."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dgnet.data.records import DataError
from dgnet.experiment.figures.inputs import records_of
from dgnet.experiment.galleries import calibrate
from dgnet.experiment.galleries.sources import Common, gather, read_named, source_names
from dgnet.gallery.centring import NOT_CENTRED

NOTHING = Common()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/7_c2_100.jpg", "a/8_c1_5.jpg", "b/deep/9_c3_1.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_is_read_at_any_depth(folder: Path) -> None:
    items = gather([str(folder), str(folder / "notes.txt")], None, None, None, Common("gate", "3.5", "Jane"))
    assert [Path(str(item.image)).name for item in items] == ["7_c2_100.jpg", "8_c1_5.jpg", "9_c3_1.png", "notes.txt"]
    assert {(item.camera, item.time, item.identity, item.track) for item in items} == {("gate", 3.5, "Jane", "")}


def test_cases_4_and_13_what_looks_like_a_picture_and_cannot_be_read_is_told(folder: Path) -> None:
    for name in ("x.heic", "z.jpg.part"):
        (folder / "b" / name).touch()
    for name in ("y.jpg", "gone"):
        (folder / "b" / name).symlink_to("nowhere")
    bad: dict[str, str] = {}
    assert len(gather([str(folder)], None, None, None, NOTHING, bad.__setitem__)) == 3
    assert {Path(name).name for name in bad} == {"x.heic", "z.jpg.part", "y.jpg", "gone"}
    assert bad[str(folder / "b" / "y.jpg")] == "a link to nowhere, which does not exist"
    assert bad[str(folder / "b" / "x.heic")] == ".heic is not read; save it as JPEG or PNG"


def test_case_13_people_of_a_data_set_who_go_missing_are_warned_of(
    market: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = Path(shutil.copytree(market, tmp_path / "people"))  # the other is shared by many tests
    (root / "bounding_box_test" / "0009_c1s1_000001_00.heic").touch()
    gather([], None, None, f"market1501={root}", NOTHING)
    assert [record.levelname for record in caplog.records if "0009_c1s1_000001_00.heic" in record.message] == [
        "WARNING"
    ]


def test_a_pattern_takes_names_apart(folder: Path) -> None:
    pattern = r"(?P<identity>\d+)_c(?P<camera>\d+)_(?P<time>\d+)\."
    items = gather([str(folder / "a")], pattern, None, None, Common("gate", "3.5"))
    assert [(item.identity, item.camera, item.time) for item in items] == [("7", "2", 100.0), ("8", "1", 5.0)]
    optional = gather([str(folder / "a")], r"/(?P<track>7)?", None, None, Common("gate"))
    assert {(item.track, item.camera) for item in optional} == {("", "gate")}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is no regular expression"),
        ("abc", "must name its groups"),
        ("(?P<pid>.)", "no others than camera, time, identity, track"),
        (r"(?P<camera>c1)_5", r"not found in .*7_c2_100.jpg; change it"),
        (r"(?P<time>c\d)", "found 'c2', must be seconds or a date"),
        ("'; DROP TABLE (?P<camera>.)", "is not found in"),
    ],
)
def test_wrong_patterns_are_refused(folder: Path, pattern: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        gather([str(folder / "a")], pattern, None, None, NOTHING)


def test_a_manifest_says_what_is_known(folder: Path) -> None:
    table = folder / "seen.csv"
    table.write_text('path,camera,time,identity\na/8_c1_5.jpg,door,2026-11-28T08:00:00,\nb/deep/9_c3_1.png,,,"it\'s"\n')
    first, second = gather([], None, table, None, Common("gate"))
    assert (first.image, first.camera, first.identity) == (str(folder / "a/8_c1_5.jpg"), "door", "")
    assert first.time == datetime(2026, 11, 28, 8).timestamp()
    assert (second.camera, second.time, second.identity) == ("gate", None, "it's")
    table.write_text("path,time\na.jpg,yesterday\n")
    with pytest.raises(DataError, match=r"seen\.csv, line 2: found 'yesterday'"):
        gather([], None, table, None, NOTHING)
    table.write_text("path,time\n,3\n")
    with pytest.raises(DataError, match=r"seen\.csv, line 2: path is ''"):
        gather([], None, table, None, NOTHING)
    table.write_text("path,time\n")
    with pytest.raises(DataError, match=r"seen\.csv: lists no image"):
        gather([], None, table, None, NOTHING)


def test_case_30_a_manifest_written_on_windows(folder: Path) -> None:
    table = folder / "seen.csv"
    table.write_text("path\na\\8_c1_5.jpg\n")
    (item,) = gather([], None, table, None, NOTHING)
    assert item.image == str(folder / "a/8_c1_5.jpg")


def test_a_data_set_gives_its_gallery(market: Path) -> None:
    items = gather([], None, None, f"market1501={market}", NOTHING)
    assert len(items) == 8
    assert {(item.identity, item.camera) for item in items} == {(pid, cam) for pid in "56" for cam in "12"}
    with pytest.raises(DataError, match="--data: found 'market1501', must be NAME=DIR"):
        gather([], None, None, "market1501", NOTHING)


@pytest.fixture
def msmt17(tmp_path: Path) -> Path:
    """Persons 0 and 1 in training and in the test, four people in all, as MSMT17 numbers them."""
    root = tmp_path / "msmt17"
    for split, folder, camera in (
        ("train", "train", 1),
        ("val", "train", 2),
        ("query", "test", 1),
        ("gallery", "test", 2),
    ):
        names = [f"{pid:04d}/{pid:04d}_{camera:03d}_{camera:02d}_0303morning_0008_0.jpg" for pid in (0, 1)]
        for name in names:
            (root / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (root / folder / name).touch()
        (root / f"list_{split}.txt").write_text("".join(f"{name} {pid}\n" for pid, name in enumerate(names)))
    return root


def test_person_0_is_a_person_where_training_and_test_are_numbered_apart(
    msmt17: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = gather([], None, None, f"msmt17={msmt17}", Common(identity="nobody"))
    assert [item.identity for item in items] == ["0", "1"]
    assert [record.pid for record in records_of(read_named(f"msmt17={msmt17}"), "gallery")] == [0, 1]
    monkeypatch.setattr(calibrate, "embed", lambda _, records: np.ones((len(records), 1), np.float32))
    gallery = SimpleNamespace(embedder=None, means=NOT_CENTRED, store=SimpleNamespace(address="people.db"))
    assert sorted(calibrate._of_data(gallery, f"msmt17={msmt17}")[1]) == ["0", "0", "1", "1"]  # type: ignore[arg-type]


def test_a_data_set_without_a_gallery_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"^--data: crops=.* has no gallery images, 3 for training alone; to add those"):
        gather([], None, None, f"crops={folder}", NOTHING)


def test_the_bundled_people_are_named_as_bundled() -> None:
    items = gather(["bundled"], None, None, None, Common())
    assert items == gather([], None, None, "mannequin", Common())
    assert len(items) == 550


def test_a_path_that_is_not_there_is_named_before_anything_is_read(folder: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        gather([str(folder), str(folder / "nowhere")], None, None, None, Common())


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture in this folder"):
        gather([str(tmp_path)], None, None, None, NOTHING)


def test_sources_match_as_given_and_as_kept() -> None:
    assert source_names(["a.jpg"]) == ("a.jpg", str(Path("a.jpg").absolute()))
