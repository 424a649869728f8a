"""Adding: each picture once, bad ones named, and what was added stays whatever happens to the process."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.gallery.crops import MAX_PIXELS, Item
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import GalleryError, entry_id

ODD_NAMES = ("'; DROP TABLE entries; --", 'a "b" %_?*[', "two\nlines", "été 東京")


def sources(gallery: Gallery) -> list[str]:
    return [entry.source for batch in gallery.store.entries() for entry in batch]


def test_a_picture_is_there_once(make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes]) -> None:
    gallery = make_gallery()
    given = [picture(number) for number in (0, 1, 2, 1)]
    first = gallery.add(given, batch_size=3, camera="gate")
    assert (first.num_new, first.num_there, first.bad) == (3, 1, [])
    again = gallery.add([*given, picture(3)], camera="yard")
    assert (again.num_new, again.num_there) == (1, 4)
    assert [entry.camera for batch in gallery.store.entries() for entry in batch] == ["gate"] * 3 + ["yard"]


def test_what_is_known_of_a_picture_is_kept(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path, embedder: Embedder
) -> None:
    gallery = make_gallery()
    path = tmp_path / "a.jpg"
    path.write_bytes(picture(0))
    gallery.add([Item(path, camera="c", time=1.5, identity="Jane", track="t"), Item(picture(1), source="from memory")])
    (first, second), vectors = next(iter(gallery.store.read()))
    content = hashlib.sha256(picture(0)).hexdigest()
    assert (first.content_hash, first.id) == (content, entry_id(content, embedder.hash))
    assert (first.source, first.camera, first.time, first.identity, first.track) == (str(path), "c", 1.5, "Jane", "t")
    assert (second.source, second.camera, second.time, second.identity) == ("from memory", "", None, "")
    pixels = np.asarray(Image.open(io.BytesIO(picture(0))).resize((16, 32), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(vectors[0], embedder.features(pixels[None])[0], atol=2e-3)
    assert gallery.store.thumbnails([first.id]) == {first.id: picture(0)}
    assert gallery.verify() == []


def test_arrays_and_pictures_in_memory_can_be_added(make_gallery: Callable[..., Gallery]) -> None:
    gallery = make_gallery()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 300, 100, 3), dtype=np.uint8)
    assert gallery.add(pixels).num_new == 2
    assert gallery.add(pixels[1]).num_there == 1
    assert gallery.add(Image.fromarray(pixels[0])).num_there == 1
    thumbnails = gallery.store.thumbnails([entry.id for batch in gallery.store.entries() for entry in batch])
    assert {Image.open(io.BytesIO(data)).size for data in thumbnails.values()} == {(43, 128)}


def huge_png(width: int, height: int) -> bytes:
    """A PNG of one colour and as many pixels as asked, without ever holding them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_bad_pictures_are_named_and_the_rest_is_added(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    bad = {
        "short.jpg": picture(0)[:-400],
        "empty.jpg": b"",
        "text.jpg": b"<html>not found</html>",
        "wide.png": huge_png(1_000_000, 1_000_000),
        "large.png": huge_png(10_000, MAX_PIXELS // 10_000 + 1),
    }
    for name, data in {**bad, "good.jpg": picture(1), "last.jpg": picture(2)}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.jpg").mkdir()
    told: list[tuple[str, str]] = []
    paths = [*sorted(tmp_path.glob("*.??g")), tmp_path / "missing.jpg"]
    gallery = make_gallery()
    added = gallery.add(paths, batch_size=2, on_bad=lambda *one: told.append(one))
    assert added.num_new == 2
    assert told == added.bad
    reasons = {Path(source).name: reason for source, reason in told}
    assert set(reasons) == {*bad, "folder.jpg", "missing.jpg"}
    assert "more than the 50,000,000" in reasons["large.png"]
    assert "pixels" in reasons["wide.png"]
    assert "truncated" in reasons["short.jpg"]
    assert "empty" in reasons["empty.jpg"]
    assert reasons["missing.jpg"] == "no such file"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_are_kept_as_they_are(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"{name}.jpg"
    path.write_bytes(picture(0))
    gallery = make_gallery()
    gallery.add(path, camera=name, identity=name)
    gallery.add(picture(1), camera="another", source="other")
    (entry,) = (entry for batch in gallery.store.entries() for entry in batch if entry.camera == name)
    assert (entry.source, entry.identity) == (str(path), name)
    assert gallery.search(picture(0), top=5)[0].matches[0].entry == entry


def test_a_name_that_is_no_text_is_escaped(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")
    Path(path).write_bytes(picture(0))
    gallery = make_gallery()
    assert gallery.add(path).num_new == 1
    assert sources(gallery) == [str(tmp_path / "\\xff.jpg")]


def test_features_of_another_model_are_refused(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], other_embedder: Embedder
) -> None:
    gallery = make_gallery()
    address = gallery.store.address
    wrong = Gallery(open_store(address), lambda: other_embedder)
    for use in (lambda: wrong.add(picture(0)), lambda: wrong.search(picture(0))):
        with pytest.raises(GalleryError, match=r"people.db: holds features of colours .*squares is another model"):
            use()
    assert len(gallery) == 0


def test_features_that_are_no_numbers_are_refused(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], embedder: Embedder
) -> None:
    gallery = make_gallery()
    function = lambda crops: np.full((len(crops), 24), np.nan)  # noqa: E731
    broken = Embedder(embedder.name, embedder.hash, "", "", embedder.size, 24, function)
    with pytest.raises(GalleryError, match="colours: gave features"):
        Gallery(gallery.store, lambda: broken).add(picture(0))
    assert len(gallery) == 0


def test_killed_twenty_times_nothing_is_lost_and_nothing_doubled(
    make_gallery: Callable[..., Gallery],
    picture: Callable[[int], bytes],
    embedder: Embedder,
    in_child: Callable,
    tmp_path: Path,
) -> None:
    """The adding process is killed at any moment, twenty times; each time all acknowledged batches must be there."""
    gallery = make_gallery()
    address = gallery.store.address
    gallery.close()
    pictures = [picture(number) for number in range(400)]
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    chance = random.Random(0)

    def starts() -> set[int]:
        return {int(line) for line in acknowledged.read_text().split("\n")[:-1]}

    def add_all() -> str:
        mine = Gallery(open_store(address), lambda: embedder)
        with acknowledged.open("a") as log:
            for start in range(0, len(pictures), 5):
                mine.add(pictures[start : start + 5])
                log.write(f"{start}\n")
                log.flush()
        return "done"

    num_killed = 0
    for _ in range(20):
        # Killed by chance before or in the batches after the ones that are there, so that work is left for all rounds.
        wanted = min(len(starts()) + chance.randrange(3), len(pictures) // 5)
        child, reading = in_child(add_all)
        deadline = time.monotonic() + 60
        while len(starts()) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.005))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(reading)
        num_killed += os.WIFSIGNALED(status)
        store = open_store(address)
        ids = [entry.id for batch in store.entries() for entry in batch]
        assert len(ids) == len(set(ids))
        there = {
            entry_id(hashlib.sha256(data).hexdigest(), embedder.hash)
            for start in starts()
            for data in pictures[start : start + 5]
        }
        assert there <= set(ids)
        assert len(ids) % 5 == 0  # a batch is there whole or not at all
        assert store.check() == []
        store.close()
    assert num_killed >= 5  # others may have come to their end first
    again = Gallery(open_store(address), lambda: embedder)
    again.add(pictures)
    assert len(again) == len(pictures)
    assert again.verify() == []


def test_names_are_kept_in_one_form_of_unicode(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes]
) -> None:
    gallery = make_gallery()
    gallery.add([Item(picture(0), camera="cafe\u0301", identity="jose\u0301", track="e\u0301")])
    ((entry,),) = gallery.store.entries()
    assert (entry.camera, entry.identity, entry.track) == ("caf\u00e9", "jos\u00e9", "\u00e9")
