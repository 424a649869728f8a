"""Manifests that were once read wrongly; the tests carry the numbers of their cases."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from dgnet.data.readers import manifest
from dgnet.data.records import DataError

HEADER = "path,pid,camid,split\n"


def write(root: Path, text: str) -> None:
    (root / "manifest.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("pid", ["1_12", "+5", "１２", "1e3", "0x1", "1.0", "True", "-2", "nan"])
def test_case_03_pids_are_plain_digits(tmp_path: Path, pid: str):
    write(tmp_path, HEADER + "ok.jpg,1,1,train\n" + f"a.jpg,{pid},1,train\n")
    with pytest.raises(DataError, match=rf"manifest\.csv, line 3: pid is '{re.escape(pid)}'; .*plain digits"):
        manifest.read(tmp_path)


@pytest.mark.parametrize("camid", ["1_0", "1.0", "nan", "-2"])
def test_case_03_cameras_are_plain_digits(tmp_path: Path, camid: str):
    write(tmp_path, HEADER + f"a.jpg,1,{camid},train\n")
    with pytest.raises(DataError, match=rf"line 2: camid is '{camid}'; .*plain digits"):
        manifest.read(tmp_path)


def write_parquet(root: Path, **columns: list[object]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), root / "manifest.parquet")


def test_case_03_columns_of_floats_hold_whole_numbers_and_gaps(tmp_path: Path):
    write_parquet(tmp_path, path=["a.jpg", "b.jpg"], pid=[1.0, 2.0], camid=[3.0, math.nan], split=["train"] * 2)
    assert [(r.pid, r.camid) for r in manifest.read(tmp_path).train] == [(1, 3), (2, -1)]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("pid", True, "row 1: pid is True; .*plain digits"),
        ("pid", math.nan, "row 1: pid is nan"),
        ("pid", 1.5, "row 1: pid is 1.5"),
        ("pid", math.inf, "row 1: pid is inf"),
        ("pid", "1_0", "row 1: pid is '1_0'"),
        ("pid", None, "row 1: pid is None"),
        ("pid", 2**60, "row 1: pid is 1152921504606846976; a number must not be above"),
        ("camid", True, "row 1: camid is True"),
        ("camid", 0.5, "row 1: camid is 0.5"),
        ("path", None, "row 1: path is empty"),
        ("path", 7, "row 1: path is 7"),
        ("split", None, "row 1: split is None"),
    ],
)
def test_case_03_values_of_parquet_that_are_no_numbers(tmp_path: Path, column: str, value: object, message: str):
    row = {"path": "a.jpg", "pid": 1, "camid": 1, "split": "train"} | {column: value}
    write_parquet(tmp_path, **{name: [found] for name, found in row.items()})
    with pytest.raises(DataError, match=message):
        manifest.read(tmp_path)


def test_case_18_numbers_beyond_64_bits_are_refused(tmp_path: Path):
    write(tmp_path, HEADER + "a.jpg,20240515093000123456,1,train\n")
    with pytest.raises(DataError, match=r"line 2: pid is '20240515093000123456'; a number must not be above"):
        manifest.read(tmp_path)


def test_case_01_junk_belongs_in_the_gallery_alone(tmp_path: Path):
    write(tmp_path, HEADER + "a.jpg,-1,1,train\nb.jpg,2,1,train\n")
    with pytest.raises(DataError, match=r"junk images.*not in train: .*a\.jpg"):
        manifest.read(tmp_path)


def test_case_10_people_trained_on_and_tested_are_named(tmp_path: Path):
    write(tmp_path, HEADER + "a.jpg,7,1,train\nq.jpg,7,1,query\ng.jpg,7,2,gallery\nh.jpg,9,2,gallery\n")
    assert manifest.read(tmp_path).warnings[0].startswith("1 of 2 test identities is trained on too: 7.")


def test_case_30_backslashes_are_read_where_the_file_exists_so(write_images, tmp_path: Path):
    write_images("images/0.jpg", "images/1.jpg")
    write(tmp_path, HEADER + "images\\0.jpg,1,1,train\nimages\\1.jpg,2,1,train\nimages\\gone.jpg,2,1,train\n")
    assert [r.path for r in manifest.read(tmp_path).train] == [
        str(tmp_path / "images" / name) for name in ("0.jpg", "1.jpg", "gone.jpg")
    ]


def test_case_30_a_file_that_is_called_with_a_backslash_is_itself(write_images, tmp_path: Path):
    write_images("a\\b.jpg")
    write(tmp_path, HEADER + "a\\b.jpg,1,1,train\n")
    assert manifest.read(tmp_path).train[0].path == str(tmp_path / "a\\b.jpg")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("C:\\people\\0.jpg", "begins with a drive of Windows; write it relative to"),
        ("..\\0.jpg", "lies outside"),
        ("\\\\server\\people\\0.jpg", "lies outside"),
    ],
)
def test_case_30_paths_of_another_system_that_lead_out_are_refused(tmp_path: Path, path: str, message: str):
    write(tmp_path, HEADER + f"{path},1,1,train\n")
    with pytest.raises(DataError, match=rf"line 2: the path .* {message}"):
        manifest.read(tmp_path)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_case_30_a_spreadsheet_of_another_country_is_read(tmp_path: Path, delimiter: str):
    rows = [
        ["Path", "PID", "CamID", "Split", "Weather"],
        ["a.jpg", "1", "2", "Train", "sun, rain, snow, hail, fog, wind"],
    ]
    text = "\ufeff" + "".join(delimiter.join(row) + "\r\n" for row in rows)
    write(tmp_path, text)
    assert [(r.pid, r.camid) for r in manifest.read(tmp_path).train] == [(1, 2)]


def test_case_30_columns_of_one_name_are_refused(tmp_path: Path):
    write(tmp_path, "path,pid,PID,split\na.jpg,1,2,train\n")
    with pytest.raises(DataError, match="the column pid is there twice"):
        manifest.read(tmp_path)


def test_an_open_quote_is_named_where_it_begins(tmp_path: Path):
    write(tmp_path, HEADER + 'ok.jpg,1,1,train\n\n"a.jpg,1,1,train\nb.jpg,1,1,train\n')
    with pytest.raises(DataError, match=r"line [34]: unexpected end of data"):
        manifest.read(tmp_path)
