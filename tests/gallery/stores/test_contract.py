"""The contract of stores, the same for a file and for servers: each test runs over every store."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import numpy as np
import pytest

from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, GalleryError, Store, entry_id

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

FILTERS = (
    EVERY,
    Filter(cameras=("door",)),
    Filter(cameras=("door", "")),
    Filter(cameras=()),
    Filter(not_cameras=("door",)),
    Filter(not_cameras=()),
    Filter(identities=("p1", "p3", "nobody")),
    Filter(sources=("crops/3.jpg", "crops/31.jpg")),
    Filter(ids=(entry_id(f"{7:064x}", "0" * 64), "f" * 32)),
    Filter(ids=()),
    Filter(after=11.0),
    Filter(before=11.0),
    Filter(after=-5.5, before=1e9),
    Filter(after=9.0, before=31.0, not_cameras=("hall",), known=True),
    Filter(known=True),
    Filter(known=False),
)


def passes(entry: Entry, only: Filter) -> bool:
    """The twin of every store's filter, read from the contract."""
    listed = ((only.ids, entry.id), (only.sources, entry.source), (only.cameras, entry.camera))
    return (
        all(values is None or value in values for values, value in (*listed, (only.identities, entry.identity)))
        and (only.not_cameras is None or entry.camera not in only.not_cameras)
        and (only.after is None or (entry.time is not None and entry.time >= only.after))
        and (only.before is None or (entry.time is not None and entry.time < only.before))
        and (only.known is None or only.known == bool(entry.identity))
    )


def everything(store: Store, only: Filter = EVERY, batch_size: int = 25) -> dict[str, Entry]:
    entries = [entry for batch in store.entries(only, batch_size) for entry in batch]
    assert len(entries) == len({entry.id for entry in entries}), "an entry came twice"
    return {entry.id: entry for entry in entries}


def test_what_is_added_is_there_for_others_and_after_closing(place: Any, meta: Any, batch: Any) -> None:
    store = place.create(place.address, meta())
    entries, vectors, thumbnails = batch(range(40))
    assert store.add(entries, vectors, thumbnails) == [True] * 40
    other = place.open(place.address)
    assert everything(other) == {entry.id: entry for entry in entries}
    store.close()
    ids = [entry.id for entry in entries]
    for opened in (other, place.open(place.address)):
        assert opened.meta == meta()
        assert opened.count() == 40
        assert opened.get([*ids, "f" * 32]) == {entry.id: entry for entry in entries}
        assert opened.present([*ids[:3], "f" * 32]) == set(ids[:3])
        found = opened.vectors([*ids, "f" * 32])
        assert set(found) == set(ids)
        np.testing.assert_allclose(np.stack([found[one] for one in ids]), vectors, atol=1e-6)
        assert opened.thumbnails([*ids, "f" * 32]) == dict(zip(ids, thumbnails, strict=True))
        opened.close()


def test_adding_again_doubles_nothing_and_changes_nothing(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(10))
    store.add(entries, vectors, thumbnails)
    store.label([entries[0].id], "Ada")
    again, more, pictures = batch(range(5, 15))
    assert store.add(again, more, pictures) == [False] * 5 + [True] * 5
    assert store.add(entries, vectors, thumbnails) == [False] * 10
    assert store.count() == 15
    assert len(everything(store)) == 15
    assert store.get([entries[0].id])[entries[0].id].identity == "Ada"
    assert store.add([], np.empty((0, 32), np.float32), []) == []


def test_two_that_add_the_same_at_once_double_nothing(place: Any, meta: Any, batch: Any) -> None:
    place.create(place.address, meta()).close()
    faults: list[BaseException] = []
    together = threading.Barrier(2)

    def work(order: int) -> None:
        try:
            store = place.open(place.address)
            for start in range(0, 60, 20):
                entries, vectors, thumbnails = batch(range(start, start + 20))
                together.wait(60)
                store.add(entries[::order], vectors[::order], thumbnails[::order])
            store.close()
        except BaseException as error:
            faults.append(error)
            together.abort()

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    store = place.open(place.address)
    assert store.count() == 60
    assert len(everything(store)) == 60
    assert store.check() == []
    store.close()


def test_filters_are_those_of_the_contract(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(45))
    store.add(entries, vectors, thumbnails)
    queries = vectors[[3, 17]]
    for only in FILTERS:
        expected = {entry.id: entry for entry in entries if passes(entry, only)}
        assert store.count(only) == len(expected), only
        assert everything(store, only, 20) == expected, only
        # Filters come before the top k.
        hits = store.search(queries, 5, only)
        order = [row for row, entry in enumerate(entries) if entry.id in expected]
        truth = queries @ vectors[order].T
        width = min(5, len(expected))
        assert hits.similarity.shape == (2, width), only
        assert hits.similarity.dtype == np.float32
        for row in range(2):
            best = np.argsort(-truth[row], kind="stable")[:width]
            assert hits.ids[row] == [entries[order[column]].id for column in best], only
            np.testing.assert_allclose(hits.similarity[row], truth[row, best], atol=1e-5)


def test_features_are_read_with_their_entries(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(25))
    store.add(entries, vectors, thumbnails)
    rows = {entry.id: vector for entry, vector in zip(entries, vectors, strict=True)}
    order = []
    for part, features in store.read(batch_size=7):
        assert features.dtype == np.float32
        assert len(part) == len(features) <= 7
        np.testing.assert_allclose(features, np.stack([rows[entry.id] for entry in part]), atol=1e-6)
        order += part
    assert order == list(everything(store, batch_size=9).values())
    (known,) = store.read(Filter(known=True))
    assert {entry.id for entry in known[0]} == {entry.id for entry in entries if entry.identity}


def test_equal_similarities_fill_the_top_k_without_doubling(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(12))
    vectors[:] = vectors[0]
    store.add(entries, vectors, thumbnails)
    hits = store.search(vectors[:1], 8)
    assert len(set(hits.ids[0])) == 8
    np.testing.assert_allclose(hits.similarity, 1, atol=1e-5)


def test_what_is_removed_is_gone_and_may_come_back(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(30))
    store.add(entries, vectors, thumbnails)
    only = Filter(identities=("p1", "p2"))
    removed = [entry for entry in entries if passes(entry, only)]
    assert store.remove(only) == len(removed) > 0
    assert store.remove(only) == 0
    assert store.count() == 30 - len(removed)
    assert not store.present([entry.id for entry in removed])
    assert not store.vectors([entry.id for entry in removed])
    assert not store.thumbnails([entry.id for entry in removed])
    hits = store.search(vectors, 30)
    assert not {one for ids in hits.ids for one in ids} & {entry.id for entry in removed}
    with pytest.raises(GalleryError, match="empty"):
        store.remove(EVERY)
    numbers = [entries.index(entry) for entry in removed]
    assert store.add(removed, vectors[numbers], [thumbnails[one] for one in numbers]) == [True] * len(removed)
    assert store.count() == 30
    assert store.check() == []


def test_labels(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(6))
    store.add(entries, vectors, thumbnails)
    ids = [entry.id for entry in entries]
    assert store.label([*ids[:2], "f" * 32], ODD[0]) == 2
    assert everything(store, Filter(identities=(ODD[0],))).keys() == set(ids[:2])
    found = store.get(ids[:1])[ids[0]]
    assert (found.camera, found.time, found.source) == (entries[0].camera, entries[0].time, entries[0].source)
    np.testing.assert_allclose(store.vectors(ids[:1])[ids[0]], vectors[0], atol=1e-6)
    assert store.thumbnails(ids[:1]) == {ids[0]: thumbnails[0]}
    assert store.label(ids[:2], "") == 2
    assert everything(store, Filter(identities=(ODD[0],))) == {}
    assert store.count() == 6


def test_text_is_data(store: Store, batch: Any) -> None:
    for number, text in enumerate(ODD):
        entries, vectors, thumbnails = batch(
            range(number, number + 1), source=text, camera=text, identity=text, track=text
        )
        store.add(entries, vectors, thumbnails)
        store.set_note(text, text)
    assert store.count() == len(ODD)
    for text in ODD:
        only = Filter(sources=(text,), cameras=(text, "another"), identities=(text,))
        (found,) = everything(store, only).values()
        assert (found.source, found.camera, found.identity, found.track) == (text, text, text, text)
        assert store.count(Filter(not_cameras=(text,))) == len(ODD) - 1
        assert store.note(text) == text
    assert store.remove(Filter(sources=ODD[:1])) == 1
    assert store.count() == len(ODD) - 1


def test_notes(place: Any, meta: Any, batch: Any) -> None:
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
    assert (store.count(), everything(store), store.check()) == (0, {}, [])
    assert store.search(np.eye(1, 32, dtype=np.float32), 3).ids == [[]]
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


def test_damage_is_found(store: Store, batch: Any) -> None:
    entries, vectors, thumbnails = batch(range(4))
    vectors[1] *= 0.5
    store.add(
        [entries[0], entries[1], Entry("e" * 32, entries[2].content_hash, "wrong id")], vectors[:3], thumbnails[:3]
    )
    found = "\n".join(store.check())
    assert entries[1].source in found or entries[1].id in found
    assert "wrong id" in found or "e" * 32 in found
    assert entries[0].id not in found
