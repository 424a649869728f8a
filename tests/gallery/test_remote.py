"""Images named by URLs: listed, read, and added as files are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from dgnet.data.records import DataError
from dgnet.experiment.galleries.sources import Common, gather
from dgnet.gallery.crops import Item, read_item, source_of
from dgnet.gallery.remote import is_url, pictures_at, read_url


@pytest.fixture
def bucket() -> Iterator[str]:
    """A store in memory with three pictures and other files."""
    system = fsspec.filesystem("memory")
    for name in ("b/2_c1.jpg", "a/1_c2.PNG", "c3.jpeg", "notes.txt", "b/.hidden.jpg"):
        system.pipe(f"/crops/{name}", name.encode())
    yield "memory://crops"
    system.rm("/crops", recursive=True)


def test_pictures_below_a_url_are_added_under_their_urls(bucket: str) -> None:
    found = pictures_at(bucket)
    assert found == ["memory:///crops/a/1_c2.PNG", "memory:///crops/b/2_c1.jpg", "memory:///crops/c3.jpeg"]
    assert pictures_at(found[0]) == found[:1]
    items = gather([f"{bucket}/a", f"{bucket}/b"], r"_c(?P<camera>\d)", None, None, Common(identity="x"))
    assert [(item.image, item.camera, item.identity) for item in items] == [(found[0], "2", "x"), (found[1], "1", "x")]
    assert source_of(items[0]) == found[0]
    assert read_item(items[0]).data == b"a/1_c2.PNG"


def test_what_looks_like_a_picture_at_a_url_is_named(bucket: str) -> None:
    system = fsspec.filesystem("memory")
    for name in ("b/3.heic", "b/4.jpg.part", "b/.5.heic"):
        system.pipe(f"/crops/{name}", b"")
    bad: dict[str, str] = {}
    assert len(gather([bucket], None, None, None, Common(), bad.__setitem__)) == 3
    assert bad == {
        "memory:///crops/b/3.heic": ".heic is not read; save it as JPEG or PNG",
        "memory:///crops/b/4.jpg.part": ".part after an image's suffix is not read; rename or remove it",
    }


def test_the_same_bytes_are_the_same_picture_wherever_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(b"bytes")
    assert read_item(Item(path.as_uri())).content_hash == read_item(Item(str(path))).content_hash


def test_what_is_wrong_with_a_url_is_said(bucket: str) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_url("memory:///crops/none.jpg")
    with pytest.raises(DataError, match="no picture at or below"):
        pictures_at("memory:///nowhere")
    with pytest.raises(DataError, match="nonsense"):
        pictures_at("nonsense://bucket/crops")
    with pytest.raises(DataError, match="nonsense"):
        read_url("nonsense://bucket/crops/1.jpg")


def test_what_a_url_is() -> None:
    names = ("s3://b/x", "file:///x", "/a/b", "C:\\x", "a:b", "x.jpg", Path("s3://b"))
    assert [one for one in names if is_url(one)] == ["s3://b/x", "file:///x"]
