"""The file of a gallery: what cannot be used, read or written gets one message, and what was there stays."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dgnet.gallery.embedder import Embedder
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.gallery.stores.protocol import GalleryError, Meta


def test_a_file_cut_short_gets_one_message(
    filled: Callable[[int], Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    filled(200).close()
    whole = (tmp_path / "people.db").read_bytes()
    for length in (0, 10, 60, 5000, len(whole) // 2, len(whole) - 1, len(whole) - 20_000):
        path = tmp_path / f"cut-{length}.db"
        path.write_bytes(whole[:length])
        with pytest.raises(GalleryError, match=rf"cut-{length}\.db: (is empty|is another kind of file|cut short)"):
            open_store(str(path))


def test_damage_within_the_file_is_found(
    filled: Callable[[int], Gallery], picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    gallery = filled(50)
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
    filled: Callable[[int], Gallery],
    picture: Callable[[int], bytes],
    embedder: Embedder,
    told_by_child: Callable,
    tmp_path: Path,
) -> None:
    gallery = filled(100)
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
    filled: Callable[[int], Gallery],
    picture: Callable[[int], bytes],
    embedder: Embedder,
    told_by_child: Callable,
    tmp_path: Path,
    closed: bool,
) -> None:
    gallery = filled(20)
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


def test_through_a_link_in_a_folder_that_may_only_be_read_everything_is_seen(
    filled: Callable[[int], Gallery], told_by_child: Callable, tmp_path: Path
) -> None:
    gallery = filled(20)  # and not closed: its entries are in the journal
    links = tmp_path / "links"
    links.mkdir()
    os.symlink(gallery.store.address, links / "alias.db")
    os.chmod(links, 0o555)

    def use() -> str:
        if os.getuid() == 0:
            for folder in tmp_path.parents:
                if folder.stat().st_uid == 0 and not folder.stat().st_mode & 1:
                    os.chmod(folder, folder.stat().st_mode | 0o011)
            os.chmod(tmp_path, 0o755)
            os.setuid(65534)  # root may write anywhere
        store = open_store(str(links / "alias.db"))
        return f"{store.count()} entries in {Path(store.address).name}"

    try:
        assert told_by_child(use) == "20 entries in alias.db"
    finally:
        os.chmod(links, 0o755)


def test_meta_that_is_no_json_is_damage(make_gallery: Callable[..., Gallery]) -> None:
    with pytest.raises(GalleryError, match=r"x\.db: not a gallery of dgnet's, or damaged"):
        Meta.from_json('{"format": 1}', "x.db")
