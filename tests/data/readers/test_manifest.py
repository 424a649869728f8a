from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dgnet.data.readers import manifest
from dgnet.data.records import DataError

HEADER = "path,pid,camid,split\n"


def write(root: Path, text: str, name: str = "manifest.csv") -> Path:
    path = root / name
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """path,pid,camid,split,weather
a/1.jpg,12,3,train,sun
a/2.jpg,12,14,train,rain
b/3.jpg,7,,train,
q.jpg,9,1,query,
g.jpg,9,2,gallery,
d.jpg,0,2,gallery,
j.jpg,-1,2,gallery,
m.jpg,9,1,multi_query,
"""


def test_a_manifest_is_read_from_its_folder_or_its_file(tmp_path: Path):
    path = write(tmp_path, GOOD)
    dataset = manifest.read(tmp_path)
    assert dataset == manifest.read(path)
    assert [(r.path, r.pid, r.camid) for r in dataset.train] == [
        (str(tmp_path / "a/1.jpg"), 12, 3),
        (str(tmp_path / "a/2.jpg"), 12, 14),
        (str(tmp_path / "b/3.jpg"), 7, -1),
    ]
    assert [(r.pid, r.camid) for r in dataset.gallery] == [(0, 2), (9, 2)]
    assert len(dataset.query) == len(dataset.multi_query) == dataset.num_junk == 1
    assert dataset.has_cameras  # of every test image
    assert dataset.notes == ()


def test_spreadsheet_marks_quotes_and_spaces(tmp_path: Path):
    write(tmp_path, '\ufeffpath, pid, split\r\n"a, b.jpg", 1 , train\r\n')
    dataset = manifest.read(tmp_path)
    assert dataset.train[0].path == str(tmp_path / "a, b.jpg")
    assert dataset.train[0].pid == 1


def test_a_camera_column_may_be_absent_and_that_is_said(tmp_path: Path):
    write(tmp_path, "path,pid,split\nq.jpg,1,query\ng.jpg,1,gallery\n")
    dataset = manifest.read(tmp_path)
    assert not dataset.has_cameras
    assert "no camid column" in dataset.notes[0]


def test_a_table_without_labels_lists_training_images_of_one_pid(tmp_path: Path):
    write(tmp_path, "path,camid\na.jpg,3\nb.jpg,\n")
    dataset = manifest.read(tmp_path)
    assert [(Path(r.path).name, r.pid, r.camid) for r in dataset.train] == [("a.jpg", 1, 3), ("b.jpg", 1, -1)]
    assert dataset.query == dataset.gallery == ()
    assert dataset.notes == ("no labels: every image counts as of one identity",)


@pytest.mark.parametrize("missing", ["path", "pid", "split"])
def test_missing_columns_are_named(tmp_path: Path, missing: str):
    columns = [name for name in ("path", "pid", "camid", "split") if name != missing]
    write(tmp_path, ",".join(columns) + "\n1,1,1\n")
    with pytest.raises(DataError, match=rf"manifest\.csv: missing the columns {missing}; found {', '.join(columns)}"):
        manifest.read(tmp_path)


def test_a_row_that_holds_no_text_is_named(tmp_path: Path):
    write(tmp_path, HEADER + "a.jpg,1,1,train\nb\0.jpg,1,1,train\n")
    with pytest.raises(DataError, match=r"manifest\.csv, line 3: holds a NUL byte"):
        manifest.read(tmp_path)


def test_a_table_without_rows_is_named(tmp_path: Path):
    write(tmp_path, HEADER)
    with pytest.raises(DataError, match=r"manifest\.csv: lists no image"):
        manifest.read(tmp_path)


def test_an_open_quote_in_the_first_line_is_named(tmp_path: Path):
    write(tmp_path, '"path,pid,split')
    with pytest.raises(
        DataError, match="line 1: unexpected end of data; a quote that is opened in this row is never closed"
    ):
        manifest.read(tmp_path)


def test_an_empty_file_has_no_columns(tmp_path: Path):
    write(tmp_path, "")
    with pytest.raises(
        DataError, match=r"missing the columns path; found none\. The first line .* path,pid,camid,split"
    ):
        manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.jpg,ann,1,train", "line 3: pid is 'ann'; expected a whole number"),
        ("a.jpg,1,door,train", "line 3: camid is 'door'"),
        ("a.jpg,-2,1,train", "line 3: pid is '-2'"),
        ("a.jpg,1,1,test", "line 3: split is 'test'; expected one of train, query, gallery, multi_query"),
        (",1,1,train", "line 3: path is empty"),
        ("a.jpg,1,1", "line 3: expected 4 fields"),
        ("a.jpg,1,1,train,more", "line 3: expected 4 fields"),
        ("../a.jpg,1,1,train", r"line 3: the path '\.\./a\.jpg' lies outside"),
        ("a/../../b.jpg,1,1,train", "lies outside"),
        ("/etc/b.jpg,1,1,train", "lies outside"),
        ('"a.jpg,1,1,train', "line 3: unexpected end of data"),
        ("ok.jpg,2,1,train", r"ok\.jpg belongs to two identities in train, 1 and 2"),
        ("ok.jpg,1,1,gallery", r"both in train and in the test.*ok\.jpg"),
        ("./x/../ok.jpg,1,1,train", r"ok\.jpg is listed twice"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, row: str, message: str):
    write(tmp_path, HEADER + "ok.jpg,1,1,train\n" + row + "\n")
    with pytest.raises(DataError, match=message):
        manifest.read(tmp_path)


def test_an_absolute_path_inside_the_folder_is_fine(tmp_path: Path):
    write(tmp_path, HEADER + f"{tmp_path}/a.jpg,1,1,train\n")
    assert manifest.read(tmp_path).train[0].path == str(tmp_path / "a.jpg")


def test_non_utf8_is_named(tmp_path: Path):
    (tmp_path / "manifest.csv").write_bytes(HEADER.encode() + b"caf\xe9.jpg,1,1,train\n")
    with pytest.raises(DataError, match=r"manifest\.csv: not UTF-8 text \(byte 24 is 0xe9\)"):
        manifest.read(tmp_path)


def test_no_manifest_or_another_kind_of_file(tmp_path: Path):
    with pytest.raises(DataError, match=r"expected one of manifest\.csv, manifest\.parquet here, found neither"):
        manifest.read(tmp_path)
    write(tmp_path, GOOD)
    write(tmp_path, "", "manifest.parquet")
    with pytest.raises(DataError, match="found both"):
        manifest.read(tmp_path)
    with pytest.raises(DataError, match=r"notes\.txt: a manifest ends in"):
        manifest.read(write(tmp_path, "", "notes.txt"))


def test_parquet_without_pyarrow_is_explained(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"needs pyarrow: pip install 'dgnet\[parquet\]'"):
        manifest.read(write(tmp_path, "", "people.parquet"))


def test_parquet_is_read_as_csv_is(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "path": ["a.jpg", "b.jpg", "q.jpg", "g.jpg"],
        "pid": [1, 2, 3, 3],
        "camid": [4, None, 1, 2],
        "split": ["train", "train", "query", "gallery"],
        "weather": ["sun"] * 4,
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "manifest.parquet")
    dataset = manifest.read(tmp_path)
    assert [(r.path, r.pid, r.camid) for r in dataset.train] == [
        (str(tmp_path / "a.jpg"), 1, 4),
        (str(tmp_path / "b.jpg"), 2, -1),
    ]
    parquet.write_table(pyarrow.table({"path": ["a.jpg"]}), tmp_path / "manifest.parquet")
    assert [record.path for record in manifest.read(tmp_path).train] == [str(tmp_path / "a.jpg")]
    parquet.write_table(pyarrow.table({"path": ["a.jpg"], "pid": [1]}), tmp_path / "manifest.parquet")
    with pytest.raises(DataError, match="missing the columns split; found path, pid"):
        manifest.read(tmp_path)
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        manifest.read(tmp_path)
