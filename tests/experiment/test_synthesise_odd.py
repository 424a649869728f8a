"""`dgnet generate dataset` with odd names, shapes and places: said before anything is drawn, or simply done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dgnet import cli
from dgnet.experiment.synthesis_place import place_of
from dgnet.files.outputs import OutputError
from dgnet.files.unfinished import unfinished
from tests.experiment.conftest import drawing_from

pytest.importorskip("pyarrow")


def words(data: Path, out: str, *more: str) -> list[str]:
    return drawing_from(f"market1501={data}", "--out", out, "--count", "6", "--near", "0", "--workers", "1", *more)


def test_paths_that_are_no_utf_8_are_named(market: Path, here: Path, refused: Callable[[list[str]], str]) -> None:
    images = here / "copy" / "bounding_box_train"
    shutil.copytree(market / "bounding_box_train", images)
    first = min(images.iterdir())
    try:
        os.rename(first, os.fsencode(first).replace(b".jpg", b"\xff.jpg"))
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    said = refused(words(here / "copy", "new"))
    assert (
        f"--data: 1 paths are no UTF-8, so the manifest cannot name them: bounding_box_train/{first.stem}\\xff" in said
    )
    assert sorted(path.name for path in here.iterdir()) == ["copy"]
    with pytest.raises(OutputError, match=r"--out: new\\xff is no UTF-8"):
        place_of(os.fsdecode(b"new\xff"))


def test_a_link_to_an_empty_folder_is_that_folder_and_odd_shapes_are_said(
    market: Path, here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = here / "copy" / "bounding_box_train"
    shutil.copytree(market / "bounding_box_train", images)
    with Image.open(min(images.iterdir())) as picture:
        picture.resize((90, 40)).save(images / "0005_c1s1_000001_01.jpg")
        picture.convert("L").resize((6, 12)).save(images / "0006_c1s1_000001_01.jpg")
    (here / "target").mkdir()
    (here / "new").symlink_to(here / "target")
    cli.main(words(here / "copy", "new"))
    assert len([*(here / "target" / "bounding_box_train").iterdir()]) == 6
    assert sorted(path.name for path in here.iterdir()) == ["copy", "new", "target"]
    assert "0005_c1s1_000001_01.jpg (90 x 40, width x height)" in caplog.text
    assert "0006_c1s1_000001_01.jpg (only 12 pixels high)" in caplog.text


def test_a_mount_point_is_refused_before_anything_is_drawn(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "new").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "new")
    with pytest.raises(OutputError, match="--out: new is a mount point: name a new folder in it, as new/NAME"):
        place_of("new")


def test_a_number_of_workers_below_nought(market: Path, here: Path, refused: Callable[[list[str]], str]) -> None:
    assert "--workers: found -1, must be 0 or more" in refused([*words(market, "new"), "--workers", "-1"])
    assert not [*here.iterdir()]


def test_a_set_that_another_process_has_just_finished_is_left_alone(here: Path) -> None:
    (here / "new").mkdir()
    (here / "new" / "theirs").write_text("theirs")
    with pytest.raises(OutputError, match="new exists and is not empty"), unfinished(here / "new", {}):
        pytest.fail("it was let in")
    assert [path.name for path in here.iterdir()] == ["new"]
    assert (here / "new" / "theirs").read_text() == "theirs"
