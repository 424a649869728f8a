"""Listing a folder: every file that looks like a picture is either listed or reported."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dgnet.data.disk.listing import IMAGE_SUFFIXES, NOT_READ, direct_folders, holds_image, list_tree
from dgnet.data.records import DataError


def reasons(left_out: list[tuple[str, str]], root: Path) -> dict[str, str]:
    return {os.path.relpath(path, root): reason for path, reason in left_out}


def test_case_02_images_are_found_however_deep(write_images, tmp_path: Path):
    write_images("b/2.jpg", "b/deep/er/3.png", "a.jpg")
    found = list_tree(tmp_path)
    assert found.images == ["a.jpg", "b/2.jpg", "b/deep/er/3.png"]
    assert found.folders == ["b"]
    assert found.unread == found.unreadable == []
    assert list(found.keep(1, "too deep")) == ["b/2.jpg"]
    assert found.unread == [(str(tmp_path / "b/deep/er/3.png"), "too deep")]


def test_litter_of_other_systems_is_passed_over(write_images, tmp_path: Path):
    write_images("__MACOSX/a.jpg", ".thumbs/a.jpg", "1/@eaDir/a.jpg", "1/._a.jpg", "1/a.jpg")
    (tmp_path / "1/Thumbs.db").touch()
    (tmp_path / "readme.txt").touch()
    found = list_tree(tmp_path)
    assert (found.images, found.unread, found.unreadable) == (["1/a.jpg"], [], [])
    assert [folder.name for folder in direct_folders(tmp_path)] == ["1"]


def test_case_04_links_to_nothing_and_loops_are_named(write_images, tmp_path: Path):
    write_images("1/a.jpg", "elsewhere/b.jpg")
    os.symlink("gone.jpg", tmp_path / "1/dangling.jpg")
    os.symlink("/nowhere/2", tmp_path / "2")
    os.symlink("itself", tmp_path / "itself")
    os.symlink("..", tmp_path / "1/up")
    os.symlink("../elsewhere", tmp_path / "1/sound")
    found = list_tree(tmp_path)
    assert found.images == ["1/a.jpg", "1/sound/b.jpg", "elsewhere/b.jpg"]
    assert reasons(found.unreadable, tmp_path) == {
        "1/dangling.jpg": "a link to gone.jpg, which does not exist",
        "1/up": "a link back to a folder that it lies in",
        "2": "a link to /nowhere/2, which does not exist",
        "itself": os.strerror(40),
    }


def test_case_04_pipes_sockets_and_devices_are_named_and_never_opened(write_images, tmp_path: Path, monkeypatch):
    write_images("1/a.jpg")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    os.mkfifo("1/pipe.jpg")
    os.mkfifo("1/control")  # no picture by its name
    os.symlink("/dev/zero", "1/zero.jpg")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("1/socket.png")
        found = list_tree(Path("1"))
    assert found.images == ["a.jpg"]
    assert reasons(found.unreadable, Path("1")) == {
        "pipe.jpg": "a named pipe, not a file",
        "socket.png": "a socket, not a file",
        "zero.jpg": "a device, not a file",
    }


@pytest.fixture
def nobody() -> Iterator[None]:
    """Give up the superuser's right to read everything, if the tests run as the superuser."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_case_04_folders_that_may_not_be_listed_are_named(write_images, tmp_path: Path, request):
    write_images("1/a.jpg", "2/b.jpg")
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(0o755)
    (tmp_path / "2").chmod(0)
    try:
        request.getfixturevalue("nobody")
        found = list_tree(tmp_path)
        assert found.images == ["1/a.jpg"]
        assert reasons(found.unreadable, tmp_path) == {"2": "Permission denied"}
        with pytest.raises(DataError, match="2: this folder may not be read"):
            list_tree(tmp_path / "2")
        with pytest.raises(DataError, match="2: this folder cannot be read: Permission denied"):
            direct_folders(tmp_path / "2")
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        (tmp_path / "2").chmod(0o755)


def test_case_12_a_folder_named_as_an_image_is_named(write_images, tmp_path: Path):
    write_images("0002_c1s1_000451_03.jpg/inside.jpg")
    found = list_tree(tmp_path)
    assert reasons(found.unread, tmp_path) == {"0002_c1s1_000451_03.jpg": "a folder, though it is named as an image is"}
    assert found.images == ["0002_c1s1_000451_03.jpg/inside.jpg"]


@pytest.mark.parametrize("name", ["a.jfif", "a.PGM", "a.jpe", "a.jp2", "a.pbm", "a.tga", "a.avif", "a.JPG"])
def test_case_13_every_format_that_is_decoded_is_listed(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    assert list_tree(tmp_path).images == [name]


@pytest.mark.parametrize("name", ["a.heic", "a.HEIF", "a.cr2", "a.nef", "a.dng", "a.svg", "a.psd", "a.mp4"])
def test_case_13_pictures_that_are_not_decoded_are_named(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    found = list_tree(tmp_path)
    assert found.images == []
    assert reasons(found.unread, tmp_path) == {name: f"{name[1:].lower()} is not read; save it as JPEG or PNG"}


def test_case_13_what_was_an_image_before_it_was_renamed_is_named(tmp_path: Path):
    for name in ("a.jpg.part", "b.jpeg~", "notes.txt", "c.tar.gz"):
        (tmp_path / name).touch()
    assert reasons(list_tree(tmp_path).unread, tmp_path) == {
        "a.jpg.part": ".part after an image's suffix is not read; rename or remove it"
    } | {"b.jpeg~": ".jpeg~ is not an image's suffix; rename or remove it"}


def test_no_suffix_is_both_read_and_not(tmp_path: Path):
    assert not IMAGE_SUFFIXES & NOT_READ


def test_images_are_looked_for_as_deep_as_asked(write_images, tmp_path: Path):
    write_images("1/2/3/a.jpg")
    assert holds_image(tmp_path, 3)
    assert not holds_image(tmp_path, 2)
    assert not holds_image(tmp_path / "nowhere", 2)
