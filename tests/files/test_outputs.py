"""Outputs are checked before the work, and never replace the files that they are made from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dgnet.files.outputs import (
    OutputError,
    check_output_file,
    check_output_folder,
    check_outside,
    free_path,
    same_names,
)
from dgnet.files.whole_file import written_whole


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "picture.png").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "is a folder, must be a file"),
        (".", "is a folder, must be a file"),
        ("s3", r"has no suffix, must end in \.png or \.jpg"),
        ("s3.gif", r"has the suffix \.gif, must end in \.png or \.jpg"),
        ("file/new.png", "cannot be made: .*file is not a folder"),
        ("file/deep/new.png", "cannot be made: .*file is not a folder"),
        ("picture.png", "is one of the inputs, which is never overwritten"),
        ("folder/../picture.png", "is one of the inputs, which is never overwritten"),
    ],
)
def test_case_20_a_file_that_cannot_be_written(name: str, message: str, place: Path) -> None:
    with pytest.raises(OutputError, match=f"^--out: .*{message}"):
        check_output_file(place / name, "--out", suffixes=(".png", ".jpg"), inputs=["bundled", place / "picture.png"])
    assert sorted(one.name for one in place.iterdir()) == ["file", "folder", "picture.png"]


def test_case_20_a_name_that_is_too_long_is_refused_before_the_work(place: Path) -> None:
    """The hidden name while it is written is longer, and has to be taken too."""
    for name, most in (("x" * 240, 238), (f"{'x' * 235}.png", 238), ("x" * 300, 238), ("\u00e9" * 130 + "/a.png", 255)):
        for check in (check_output_file, check_output_folder):
            with pytest.raises(
                OutputError, match=rf"^--out: .* has a name of \d+ bytes, must be at most {most}; shorten it"
            ):
                check(place / name, "--out")
    (place / ("y" * 255)).mkdir()
    path = place / ("y" * 255) / f"{'x' * 234}.png"
    check_output_file(path, "--out")
    with written_whole(path) as partial:
        partial.touch()


def test_case_20_links_to_an_input_are_the_input(place: Path) -> None:
    (place / "link.png").symlink_to(place / "picture.png")
    os.link(place / "picture.png", place / "hard.png")
    for name in ("link.png", "hard.png"):
        with pytest.raises(OutputError, match="is one of the inputs"):
            check_output_file(place / name, "--out", inputs=[place / "picture.png"])


def test_case_20_what_can_be_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("new.png", "folder/deep/er/new.JPG", "picture.png"):
        check_output_file(place / name, "--out", suffixes=(".png", ".jpg"), inputs=["nowhere.png"])
    for name in ("folder", "folder/deep/er", "new"):
        check_output_folder(place / name, "--out")
    monkeypatch.chdir(place)
    check_output_file(Path("new"), "--out")
    check_output_folder(Path("new"), "--out")
    assert sorted(one.name for one in place.iterdir()) == ["file", "folder", "picture.png"]


def test_case_20_a_folder_that_cannot_be_made(place: Path) -> None:
    with pytest.raises(OutputError, match=r"^--out: .*file is a file, must be a folder"):
        check_output_folder(place / "file", "--out")
    with pytest.raises(OutputError, match=r"^--out: .*new cannot be made: .*file is not a folder"):
        check_output_folder(place / "file" / "new", "--out")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_case_20_a_place_that_may_not_be_written_to(place: Path) -> None:
    (place / "folder").chmod(0o500)
    for check in (check_output_file, check_output_folder):
        with pytest.raises(OutputError, match="may not be written to; name another place"):
            check(place / "folder" / "new", "--out")


def test_case_20_permission_is_asked_of_the_nearest_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser may write anywhere, so the system's answer is replaced here."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != place / "folder")
    with pytest.raises(OutputError, match=r"new/file cannot be made: .*folder may not be written to"):
        check_output_file(place / "folder" / "new" / "file", "--out")


def test_a_free_path_is_the_first_that_is_not_there(place: Path) -> None:
    assert free_path(place / "new.png") == place / "new.png"
    assert free_path(place / "picture.png") == place / "picture-2.png"
    (place / "picture-2.png").symlink_to("nowhere")
    assert free_path(place / "picture.png") == place / "picture-3.png"


def test_names_that_a_file_system_may_take_for_one() -> None:
    assert same_names(["a.png", "b.png"]) == []
    assert same_names(["a.png", "A.png", "stra\u00dfe", "STRASSE"]) == ["A.png", "STRASSE"]
    assert same_names(["e\u0301", "\u00e9"]) == ["\u00e9"]


def test_an_output_among_the_inputs_is_refused(place: Path) -> None:
    for out in (place / "folder", place / "folder/new/run", place / "folder/../folder/run"):
        with pytest.raises(OutputError, match=r"^--out: .* lies in CROPS \(.*folder\)"):
            check_outside(out, "--out", str(place / "folder"), "CROPS")
    check_outside(place / "folder-2", "--out", str(place / "folder"), "CROPS")
    check_outside(place / "run", "--out", str(place / "file"), "CROPS")
