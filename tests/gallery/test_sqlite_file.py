"""The file of a gallery: what is removed is gone from its bytes, and a file that cannot be used gets one message."""

from __future__ import annotations

import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dgnet.gallery.crops import Item
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.gallery.stores.protocol import Filter, GalleryError, Meta
from dgnet.gallery.stores.sqlite import connection


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(
        path.with_name(path.name + end).read_bytes()
        for end in ("", "-wal", "-shm")
        if path.with_name(path.name + end).exists()
    )


def filled(make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], number: int) -> Gallery:
    gallery = make_gallery()
    items = [
        Item(
            picture(n), f"SECRET-SOURCE-{n:04d}-", f"camera-{n % 3}", float(n), f"SECRET-PERSON-{n % 10}-", f"track-{n}"
        )
        for n in range(number)
    ]
    gallery.add(items, batch_size=64)
    return gallery


def test_the_bytes_of_a_removed_person_are_gone(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    gallery = filled(make_gallery, picture, 600)
    path = tmp_path / "people.db"
    entries = [entry for batch in gallery.store.entries() for entry in batch]
    person = [entry for entry in entries if entry.identity == "SECRET-PERSON-3-"]
    vectors = gallery.store.vectors([entry.id for entry in person])
    secrets = [
        secret
        for entry in person
        for secret in (
            entry.source.encode(),
            entry.content_hash.encode(),
            entry.id.encode(),
            vectors[entry.id].astype(np.float16).tobytes(),
            picture(int(entry.time or 0))[-60:],
        )
    ]
    before = bytes_on_disk(path)
    assert all(secret in before for secret in secrets)
    others = [entry.id for entry in entries if entry.identity == "SECRET-PERSON-4-"]
    reader = open_store(str(path))  # another process that searched before, and will again
    assert reader.search(next(iter(vectors.values()))[None], 1).ids[0][0] in vectors
    # Some are removed first, so that rows move between pages and leave copies behind.
    assert gallery.remove(Filter(ids=tuple(others[::2]))) == 30
    assert gallery.remove(Filter(identities=("SECRET-PERSON-3-",))) == 60
    after = bytes_on_disk(path)
    assert not [secret for secret in secrets if secret in after]
    assert b"SECRET-PERSON-3-" not in after
    assert b"SECRET-PERSON-5-" in after
    assert reader.search(next(iter(vectors.values()))[None], 1).ids[0][0] not in vectors
    assert len(gallery) == 510
    assert gallery.verify() == []


@pytest.mark.parametrize(
    ("only", "number"),
    [
        (Filter(sources=("SECRET-SOURCE-0003-", "no such")), 1),
        (Filter(cameras=("camera-1",)), 10),
        (Filter(before=7.0), 7),
        (Filter(before=7.0, cameras=("camera-0",)), 3),
        (Filter(identities=("'; DROP TABLE entries; --",)), 0),
    ],
)
def test_removing_by_what_is_known(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], only: Filter, number: int
) -> None:
    gallery = filled(make_gallery, picture, 30)
    assert gallery.remove(only) == number
    assert len(gallery) == 30 - number
    with pytest.raises(GalleryError, match="nothing says which"):
        gallery.remove(Filter())


def test_a_file_cut_short_gets_one_message(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    filled(make_gallery, picture, 200).close()
    whole = (tmp_path / "people.db").read_bytes()
    for length in (0, 10, 60, 5000, len(whole) // 2, len(whole) - 1, len(whole) - 20_000):
        path = tmp_path / f"cut-{length}.db"
        path.write_bytes(whole[:length])
        with pytest.raises(GalleryError, match=rf"cut-{length}\.db: (is empty|is another kind of file|cut short)"):
            open_store(str(path))


def test_damage_within_the_file_is_found(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    gallery = filled(make_gallery, picture, 50)
    gallery.close()
    direct = sqlite3.connect(tmp_path / "people.db")
    direct.execute("DELETE FROM vectors WHERE number = 7")
    direct.execute("UPDATE vectors SET vector = zeroblob(48) WHERE number = 8")
    direct.execute("UPDATE vectors SET vector = x'00' WHERE number = 9")
    direct.commit()
    direct.close()
    store = open_store(str(tmp_path / "people.db"))
    assert store.check() == ["1 entries have no feature", "1 features have the wrong length"]
    with pytest.raises(GalleryError, match="wrong length; the file is damaged"):
        store.search(np.full((1, 24), 24**-0.5, np.float32), 1)


def test_other_files_are_refused(tmp_path: Path, make_gallery: Callable[..., Gallery]) -> None:
    (tmp_path / "text.db").write_text("not a database, and long enough to have a header")
    (tmp_path / "empty.db").touch()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE entries (x)")
    other.commit()
    other.close()
    for name, message in (
        ("text.db", "is another kind of file"),
        ("empty.db", "is empty"),
        ("other.db", "of another program"),
        ("missing.db", "no such gallery"),
        (".", "not a file"),
        ("redis://x", "redis:// is not known"),
    ):
        with pytest.raises(GalleryError, match=message):
            open_store(name if "://" in name else str(tmp_path / name))
    gallery = make_gallery()
    for address, message in (
        (gallery.store.address, "exists already"),
        (str(tmp_path / "no" / "x.db"), "not a folder"),
    ):
        with pytest.raises(GalleryError, match=message):
            create_store(address, gallery.store.meta)


def test_a_gallery_of_a_newer_dgnet_is_refused(make_gallery: Callable[..., Gallery], tmp_path: Path) -> None:
    make_gallery().close()
    direct = sqlite3.connect(tmp_path / "people.db")
    direct.execute("""UPDATE facts SET meta = json_set(meta, '$.format', 99, '$.new', 'x')""")
    direct.commit()
    direct.close()
    with pytest.raises(GalleryError, match=r"people.db: made by a newer dgnet \(format 99"):
        open_store(str(tmp_path / "people.db"))


def test_a_full_disk_gets_one_message_and_keeps_what_was_there(
    make_gallery: Callable[..., Gallery],
    picture: Callable[[int], bytes],
    embedder: Embedder,
    told_by_child: Callable,
    tmp_path: Path,
) -> None:
    gallery = filled(make_gallery, picture, 100)
    address = gallery.store.address
    gallery.close()

    def add_too_much() -> str:
        full = (tmp_path / "people.db").stat().st_size + 100_000  # bytes that a file may have, in this process
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, full))
        mine = Gallery(open_store(address), lambda: embedder)
        return str(mine.add([picture(number) for number in range(100, 1000)], batch_size=50))

    said = told_by_child(add_too_much)
    assert said.startswith("GalleryError: ")
    assert "people.db: " in said
    assert "full" in said
    again = Gallery(open_store(address), lambda: embedder)
    assert len(again) >= 100
    assert len(again) % 50 == 0
    assert again.verify() == []


@pytest.mark.parametrize("closed", [True, False])
def test_a_gallery_that_may_only_be_read_can_be_searched(
    make_gallery: Callable[..., Gallery],
    picture: Callable[[int], bytes],
    embedder: Embedder,
    told_by_child: Callable,
    tmp_path: Path,
    closed: bool,
) -> None:
    gallery = filled(make_gallery, picture, 20)
    if closed:
        gallery.close()
    os.chmod(tmp_path / "people.db", 0o444)
    os.chmod(tmp_path, 0o555)

    def use() -> str:
        if os.getuid() == 0:
            for folder in tmp_path.parents:
                if folder.stat().st_uid == 0 and not folder.stat().st_mode & 1:
                    os.chmod(folder, folder.stat().st_mode | 0o011)
            os.setuid(65534)  # root may write anywhere
        mine = Gallery(open_store(str(tmp_path / "people.db")), lambda: embedder)
        found = mine.search(picture(3), top=1)[0].matches[0].entry.source
        try:
            mine.add(picture(99))
        except GalleryError as error:
            return f"{found} {error}"
        return "added"

    try:
        said = told_by_child(use)
    finally:
        os.chmod(tmp_path, 0o755)
    assert said.startswith("SECRET-SOURCE-0003- ")
    assert "people.db: may only be read" in said


def test_two_that_write_take_turns_or_fail_clearly(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = make_gallery()
    holding = sqlite3.connect(gallery.store.address, isolation_level=None, check_same_thread=False)
    holding.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(connection, "WAIT_SECONDS", 0.2)
    hurried = Gallery(open_store(gallery.store.address), lambda: gallery.embedder)
    with pytest.raises(GalleryError, match="another process has been writing"):
        hurried.add(picture(0))
    assert len(hurried) == 0  # reading does not wait
    ends = threading.Timer(0.3, lambda: holding.execute("COMMIT"))
    ends.start()
    began = time.monotonic()
    assert gallery.add(picture(0)).num_new == 1  # this one waits
    assert time.monotonic() - began > 0.1
    ends.join()
    holding.close()
    assert len(hurried) == 1


def test_what_others_add_and_remove_is_seen(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes]
) -> None:
    writing = make_gallery()
    reading = Gallery(open_store(writing.store.address), lambda: writing.embedder)
    assert reading.search(picture(0))[0].nobody
    for number in range(30):
        writing.add(picture(number), source=str(number))
        assert reading.search(picture(number), top=1)[0].matches[0].entry.source == str(number)
    writing.remove(Filter(sources=("29", "4")))
    writing.add(picture(40), source="40")
    found = [match.entry.source for match in reading.search(picture(40), top=100)[0].matches]
    assert found[0] == "40"
    assert sorted(map(int, found)) == sorted({*range(29), 40} - {4})


def test_meta_that_is_no_json_is_damage(make_gallery: Callable[..., Gallery]) -> None:
    with pytest.raises(GalleryError, match=r"x\.db: not a gallery of dgnet's, or damaged"):
        Meta.from_json('{"format": 1}', "x.db")
