"""The contract of stores, continued: odd texts, notes, pictures, precision, and what is refused."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.protocol import Entry, Filter, GalleryError, Store

ODD = (
    "it's; DROP TABLE entries; --",
    'a "quote", a \\backslash\\ and a \\" both',
    "two\nlines\tand a tab\r",
    "100%_sure*?[a-z]",
    "été 東京 🚶 \u202e",
    "' or camera != '",
    " ",
    "{x} :y %s $1 \\u0041 \\x41 \\101",
    "\x01\x7f",
)


def test_text_is_data(store: Store, batch: Any, listed: Any) -> None:
    for number, text in enumerate(ODD):
        entries, vectors, thumbnails = batch(
            range(number, number + 1), source=text, camera=text, identity=text, track=text
        )
        store.add(entries, vectors, thumbnails)
        store.set_note(text, text)
    assert store.count() == len(ODD)
    for text in ODD:
        only = Filter(sources=(text,), cameras=(text, "another"), identities=(text,))
        (found,) = listed(store, only).values()
        assert (found.source, found.camera, found.identity, found.track) == (text, text, text, text)
        assert store.count(Filter(not_cameras=(text,))) == len(ODD) - 1
        assert store.note(text) == text
    assert store.remove(Filter(sources=ODD[:1])) == 1
    assert store.count() == len(ODD) - 1


def test_notes(place: Any, meta: Any, batch: Any, listed: Any) -> None:
    store = place.create(place.address, meta())
    assert store.note("calibration") is None
    long = "".join(f'{{"{number}": 0.5, "é": "\\n"}}\n' for number in range(2000))
    for text in ("", "first", long):
        store.set_note("calibration", text)
        other = place.open(place.address)
        assert other.note("calibration") == text
        other.close()
    store.set_note("another", "one")
    store.set_note("calibration", None)
    store.set_note("never there", None)
    assert (store.note("calibration"), store.note("another")) == (None, "one")
    # A note is no entry.
    assert (store.count(), listed(store), store.check()) == (0, {}, [])
    assert store.search(np.eye(1, 32, dtype=np.float32), 3).ids == [[]]
    store.close()


def test_changes_of_a_note_take_turns(place: Any, meta: Any) -> None:
    stores = [place.create(place.address, meta()), place.open(place.address)]
    if place.address.startswith("milvus"):  # it has no transactions
        stores = stores[:1]

    def count(store: Store) -> None:
        for _ in range(20):
            store.change_note("count", lambda text: str(int(text or 0) + 1))

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(count, stores))
    assert stores[0].note("count") == str(20 * len(stores))
    with pytest.raises(ZeroDivisionError):
        stores[0].change_note("count", lambda _: str(1 // 0))
    assert stores[0].change_note("count", lambda text: f"{text}!") == stores[0].note("count")
    for store in stores:
        store.close()


def test_pictures_are_kept_only_where_wanted(place: Any, meta: Any, batch: Any) -> None:
    store = place.create(place.address, meta(thumbnails=False))
    entries, vectors, thumbnails = batch(range(3))
    store.add(entries, vectors, thumbnails)
    assert store.thumbnails([entry.id for entry in entries]) == {}
    store.close()


def test_an_entry_without_picture_has_none(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(3))
    store.add(entries, vectors, [b"", *thumbnails[1:]])
    assert store.thumbnails([entry.id for entry in entries]).keys() == {entry.id for entry in entries[1:]}


def test_half_precision_or_what_meta_says(place: Any, meta: Any, batch: Any) -> None:
    store = place.create(place.address, meta(precision="float16"))
    entries, vectors, thumbnails = batch(range(20))
    store.add(entries, vectors, thumbnails)
    kept = vectors.astype(store.meta.precision).astype(np.float32)
    found = store.vectors([entry.id for entry in entries])
    np.testing.assert_array_equal(np.stack([found[entry.id] for entry in entries]), kept)
    similarity = store.search(vectors[:1], 20).similarity[0]
    np.testing.assert_allclose(similarity, np.sort(vectors[:1] @ kept.T)[0, ::-1], atol=1e-6)
    assert store.check() == []
    store.close()


def test_features_of_another_length_are_refused(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(3), dim=31)
    with pytest.raises(GalleryError, match="32"):
        store.add(entries, vectors, thumbnails)
    with pytest.raises(GalleryError, match="32"):
        store.search(vectors, 1)
    assert store.count() == 0


def test_nothing_is_made_twice_and_nothing_is_opened_that_is_not_there(place: Any, meta: Any, batch: Any) -> None:
    with pytest.raises(GalleryError, match="people_"):
        place.open(place.address)
    store = place.create(place.address, meta())
    store.add(*batch(range(2)))
    with pytest.raises(GalleryError, match="people_"):
        place.create(place.address, meta(dim=16))
    assert (store.count(), store.meta) == (2, meta())
    store.close()


def test_a_gallery_of_a_newer_dgnet_is_refused(place: Any, meta: Any) -> None:
    with contextlib.suppress(GalleryError):
        place.create(place.address, meta(format=99)).close()
    with pytest.raises(GalleryError, match="newer"):
        place.open(place.address)


def test_verify_finds_what_does_not_belong(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(4))
    store.add(entries[:1], vectors[:1], thumbnails[:1])
    gallery = Gallery(store, lambda: pytest.fail("no model is needed"))
    assert gallery.verify() == []
    vectors[1] *= 0.5
    wrong = Entry("e" * 32, entries[2].content_hash, "wrong id")
    store.add([entries[1], wrong], vectors[1:3], thumbnails[1:3])
    found = "\n".join(gallery.verify())
    assert "1 features are not of length 1" in found
    assert "1 entries have an id" in found
