"""What `dgnet generate dataset` writes, read by other people's software, each where it is installed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dgnet import cli
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import UNKNOWN_CAMERA
from tests.experiment.conftest import drawing_from

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def made(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make a set of 12 images in a layout."""
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def make(layout: str) -> Path:
        options = ["--workers", "1", "--count", "12", "--identity", "both", "--format", layout]
        cli.main(drawing_from(f"market1501={market}", *options, "--out", str(tmp_path / "new")))
        return tmp_path / "new"

    return make


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return parquet.read_table(folder / "manifest.parquet").to_pylist()


@pytest.mark.filterwarnings("ignore")  # of others' software among itself
def test_croissant(made: Callable[[str], Path], caplog: pytest.LogCaptureFixture) -> None:
    croissant = pytest.importorskip("mlcroissant", reason="reading a Croissant file needs mlcroissant")
    folder = made("market1501")
    caplog.clear()
    found = list(croissant.Dataset(jsonld=str(folder / "croissant.json")).records("images"))
    assert "@context" not in caplog.text
    for record, row in zip(found, rows_of(folder), strict=True):
        soft = record.pop("images/soft_label")
        assert [[*part.values()] for part in soft] == [[*part.values()] for part in row.pop("soft_label")]
        values = [value.decode() if isinstance(value, bytes) else value for value in record.values()]
        assert dict(zip((name.removeprefix("images/") for name in record), values, strict=True)) == row


def test_what_croissant_says_of_the_columns(made: Callable[[str], Path]) -> None:
    said = json.loads((made("webdataset") / "croissant.json").read_text())
    fields = {field["name"]: field for field in said["recordSet"][0]["field"]}
    assert {fields[name]["dataType"] for name in ("realism", "identity_similarity", "changed")} == {"sc:Float"}
    assert {fields[name]["dataType"] for name in ("pid", "camid", "identity_rank", "seed")} == {"sc:Integer"}
    parts = {part["name"]: part for part in fields["soft_label"]["subField"]}
    assert {name: part["dataType"] for name, part in parts.items()} == {"pid": "sc:Integer", "weight": "sc:Float"}
    assert fields["soft_label"]["repeated"] is True
    assert {"repeated", "subField", "jsonPath", "citeAs", "rai"} <= said["@context"].keys()


@pytest.mark.filterwarnings("ignore")  # of others' software among itself
def test_hugging_face_datasets(made: Callable[[str], Path], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub's folders are read by datasets")
    folder = made("imagefolder")
    for given in ({"path": "imagefolder", "data_dir": str(folder)}, {"path": str(folder)}):
        found = datasets.load_dataset(**given, cache_dir=str(tmp_path / "hub"))["train"]
        for image, row in zip(found, rows_of(folder), strict=True):
            assert image.pop("image").size == (32, 64)
            soft, expected = image.pop("soft_label"), row.pop("soft_label")
            assert soft == expected
            assert image == row


@pytest.mark.filterwarnings("ignore")  # of others' software among itself
def test_webdataset(made: Callable[[str], Path]) -> None:
    webdataset = pytest.importorskip("webdataset", reason="tars are read by webdataset")
    folder = made("webdataset")
    tars = [str(path) for path in sorted(folder.glob("*.tar"))]
    found = list(webdataset.WebDataset(tars, shardshuffle=False).decode("pil"))
    assert [sample["json"] for sample in found] == rows_of(folder)
    assert {sample["jpg"].size for sample in found} == {(32, 64)}


def test_a_reader_of_market_1501(made: Callable[[str], Path]) -> None:
    """Names are parsed as the usual readers of that data set do: `([-\\d]+)_c(\\d)`, pids to 1501, six cameras."""
    folder = made("market1501")
    found = []
    for path in sorted((folder / "bounding_box_train").glob("*.jpg")):
        pid, camid = map(int, re.match(r"([-\d]+)_c(\d)", path.name).groups())  # type: ignore[union-attr]
        assert 0 <= pid <= 1501
        assert 1 <= camid <= 6
        found.append((f"bounding_box_train/{path.name}", pid, camid))
    assert found == sorted((row["path"], row["pid"], row["camid"]) for row in rows_of(folder))


def in_folders(market: Path, people: Path, name: str) -> None:
    """Training images in a folder per person; `name` takes their number, and a camera that is 0 or 1."""
    for number, path in enumerate(sorted((market / "bounding_box_train").glob("*.jpg"))):
        kept = people / path.name[:4] / name.format(number, number % 2)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)


def test_camera_0_is_no_other_camera(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File names count cameras from 1, and the table has their own numbers."""
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    in_folders(market, tmp_path / "people", "{}_c{}.jpg")
    options = ["--split", "train", "--count", "12", "--near", "0", "--workers", "1"]
    cli.main(drawing_from(f"folder={tmp_path / 'people'}", *options, "--out", str(tmp_path / "new")))
    rows = rows_of(tmp_path / "new")
    assert {row["camid"] for row in rows} == {0, 1}
    assert all(f"_c{row['camid'] + 1}s1_" in row["path"] for row in rows)


def test_an_unknown_camera_is_one_that_others_read(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGNET_CACHE", str(tmp_path / "cache"))
    in_folders(market, tmp_path / "people", "{}.jpg")
    options = ["--split", "train", "--count", "6", "--near", "0", "--workers", "1"]
    cli.main(drawing_from(f"folder={tmp_path / 'people'}", *options, "--out", str(tmp_path / "new")))
    rows = rows_of(tmp_path / "new")
    assert [row["camid"] for row in rows] == [None] * 6
    assert all("_c1s1_" in row["path"] for row in rows)
    assert {record.camid for record in read_dataset("auto", tmp_path / "new").train} == {UNKNOWN_CAMERA}
