"""Several that use one gallery's file, and removal, which leaves no byte of a person in it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.protocol import Filter, GalleryError
from dgnet.gallery.stores.sqlite import connection, removal


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(
        path.with_name(path.name + end).read_bytes()
        for end in ("", "-wal", "-shm")
        if path.with_name(path.name + end).exists()
    )


def test_the_bytes_of_a_removed_person_are_gone(
    filled: Callable[[int], Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    gallery = filled(600)
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
    # Some others are removed first, so that rows move between pages and leave copies behind.
    assert gallery.remove(Filter(ids=tuple(others[::2]))) == 30
    assert gallery.remove(Filter(identities=("SECRET-PERSON-3-",))) == 60
    after = bytes_on_disk(path)
    assert not [secret for secret in secrets if secret in after]
    assert b"SECRET-PERSON-3-" not in after
    assert b"SECRET-PERSON-5-" in after
    assert reader.search(next(iter(vectors.values()))[None], 1).ids[0][0] not in vectors
    assert len(gallery) == 510
    assert gallery.verify() == []


def test_others_search_while_a_removal_waits_for_one_that_reads(
    filled: Callable[[int], Gallery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = filled(30)
    reading = sqlite3.connect(gallery.store.address, isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM entries").fetchone()
    monkeypatch.setattr(removal, "WAIT_SECONDS", 3)
    person, told = Filter(identities=("SECRET-PERSON-3-",)), []

    def remove() -> None:
        try:
            gallery.remove(person)
        except GalleryError as error:
            told.append(str(error))

    removing = threading.Thread(target=remove)
    removing.start()
    while len(gallery) == 30:
        time.sleep(0.01)
    for _ in range(5):
        time.sleep(0.1)
        assert len(gallery) == 27
    assert removing.is_alive()  # so it had to wait, and did not keep the one who asked waiting
    removing.join()
    assert "the entries are removed, but another process is reading" in told[0]
    reading.close()
    assert gallery.remove(person) == 0
    assert b"SECRET-PERSON-3-" not in bytes_on_disk(tmp_path / "people.db")


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
    filled: Callable[[int], Gallery], picture: Callable[[int], bytes], only: Filter, number: int
) -> None:
    gallery = filled(30)
    assert gallery.remove(only) == number
    assert len(gallery) == 30 - number
    with pytest.raises(GalleryError, match="nothing says which"):
        gallery.remove(Filter())


def test_of_two_that_make_one_file_one_does_and_loses_nothing(
    make_gallery: Callable[..., Gallery], picture: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One begins, and before SQLite opens the file another makes it too, as a second process may."""
    connect = connection._connect
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            with make_gallery() as gallery:
                outcomes.append(f"added {gallery.add(picture(len(outcomes))).num_new}")
        except GalleryError as error:
            outcomes.append(str(error))

    def after_another(*arguments: Any) -> sqlite3.Connection:
        monkeypatch.setattr(connection, "_connect", connect)
        attempt()
        return connect(*arguments)

    monkeypatch.setattr(connection, "_connect", after_another)
    attempt()
    added, refused = sorted(outcomes, key=lambda said: said != "added 1")
    assert added == "added 1"
    assert "people.db: exists already; add to it with" in refused
    assert open_store(refused.partition(": ")[0]).count() == 1


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
