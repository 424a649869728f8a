"""The contract of stores, the same for a file and for servers: each test runs over every store."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dgnet.gallery.centring import begin, complete_means, measured, take_over
from dgnet.gallery.stores.choice import create_store
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, GalleryError, Store, entry_id

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


def test_the_state_tells_that_entries_have_changed(place: Any, meta: Any, batch: Any) -> None:
    store, other = place.create(place.address, meta()), place.open(place.address)
    states = [(store.state(), other.state())]
    assert states[0] == (store.state(), other.state())
    entries = batch(range(4))[0]
    swaps = () if place.address.startswith("milvus") else ("swap", "name")  # it gives the number of entries
    for what in ("add", *swaps):
        match what:
            case "add":
                store.add(*batch(range(3)))
            case "swap":
                store.remove(Filter(ids=(entries[0].id,)))
                store.add(*batch(range(3, 4)))
            case "name":
                store.label([entries[1].id], "somebody else")
        states.append((store.state(), other.state()))
    assert all(len(set(one)) == len(states) for one in zip(*states, strict=True))
    store.close()
    other.close()


def test_what_is_added_is_there_for_others_and_after_closing(place: Any, meta: Any, batch: Any, listed: Any) -> None:
    store = place.create(place.address, meta())
    entries, vectors, thumbnails = batch(range(40))
    assert store.add(entries, vectors, thumbnails) == [True] * 40
    other = place.open(place.address)
    assert listed(other) == {entry.id: entry for entry in entries}
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


def test_adding_again_doubles_nothing_and_changes_nothing(store: Store, batch: Any, listed: Any) -> None:
    entries, vectors, thumbnails = batch(range(10))
    store.add(entries, vectors, thumbnails)
    store.label([entries[0].id], "Ada")
    again, more, pictures = batch(range(5, 15))
    assert store.add(again, more, pictures) == [False] * 5 + [True] * 5
    assert store.add(entries, vectors, thumbnails) == [False] * 10
    assert store.count() == 15
    assert len(listed(store)) == 15
    assert store.get([entries[0].id])[entries[0].id].identity == "Ada"
    assert store.add([], np.empty((0, 32), np.float32), []) == []


def test_two_that_add_the_same_at_once_double_nothing(place: Any, meta: Any, batch: Any, listed: Any) -> None:
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
    assert len(listed(store)) == 60
    assert store.check() == []
    store.close()


def test_filters_are_those_of_the_contract(store: Store, batch: Any, listed: Any) -> None:
    entries, vectors, thumbnails = batch(range(45))
    store.add(entries, vectors, thumbnails)
    queries = vectors[[3, 17]]
    for only in FILTERS:
        expected = {entry.id: entry for entry in entries if passes(entry, only)}
        assert store.count(only) == len(expected), only
        assert listed(store, only, 20) == expected, only
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


def test_features_are_read_with_their_entries(store: Store, batch: Any, listed: Any) -> None:
    entries, vectors, thumbnails = batch(range(25))
    store.add(entries, vectors, thumbnails)
    rows = {entry.id: vector for entry, vector in zip(entries, vectors, strict=True)}
    order = []
    for part, features in store.read(batch_size=7):
        assert features.dtype == np.float32
        assert len(part) == len(features) <= 7
        np.testing.assert_allclose(features, np.stack([rows[entry.id] for entry in part]), atol=1e-6)
        order += part
    assert order == list(listed(store, batch_size=9).values())
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
    with pytest.raises(GalleryError, match="people_"):
        store.remove(EVERY)
    assert store.count() == 30 - len(removed)
    numbers = [entries.index(entry) for entry in removed]
    assert store.add(removed, vectors[numbers], [thumbnails[one] for one in numbers]) == [True] * len(removed)
    assert store.count() == 30
    assert store.check() == []


def test_labels(store: Store, batch: Any, listed: Any) -> None:
    entries, vectors, thumbnails = batch(range(6))
    store.add(entries, vectors, thumbnails)
    ids = [entry.id for entry in entries]
    assert store.label([*ids[:2], "f" * 32], "O'Hara") == 2
    assert listed(store, Filter(identities=("O'Hara",))).keys() == set(ids[:2])
    found = store.get(ids[:1])[ids[0]]
    assert (found.camera, found.time, found.source) == (entries[0].camera, entries[0].time, entries[0].source)
    np.testing.assert_allclose(store.vectors(ids[:1])[ids[0]], vectors[0], atol=1e-6)
    assert store.thumbnails(ids[:1]) == {ids[0]: thumbnails[0]}
    assert store.label(ids[:2], "") == 2
    assert listed(store, Filter(identities=("O'Hara",))) == {}
    assert store.count() == 6


def test_one_thread_asks_while_another_adds(store: Store, batch: Any) -> None:
    """As `add_items` does: the next batch is looked up while this one is written."""
    entries, vectors, thumbnails = batch(range(200))
    ids = [entry.id for entry in entries]
    faults: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                assert store.present(ids) <= set(ids)
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for start in range(0, 200, 50):
        part = slice(start, start + 50)
        store.add(entries[part], vectors[part], thumbnails[part])
    done.set()
    thread.join()
    assert not faults
    assert store.count() == 200


def test_a_gallery_is_centred_into_any_store(place: Any, tmp_path: Path, batch: Any, meta: Any) -> None:
    with closing(create_store(str(tmp_path / "source.db"), meta())) as source:
        source.add(*batch(range(60)))
        target = place.create(place.address, meta())
        begin(source, target, measured(source, progress=False))
        num_new, means = take_over(source, target, progress=False)
        assert (num_new, sorted(means.offsets)) == (60, ["door", "hall"])
        target.close()
        with closing(place.open(place.address)) as again:
            kept = complete_means(again)
            assert kept.offsets
            for entries, vectors in source.read():
                found = again.vectors([entry.id for entry in entries])
                expected = kept.taken_away(vectors, [entry.camera for entry in entries])
                np.testing.assert_allclose(np.stack([found[entry.id] for entry in entries]), expected, atol=1e-6)
            with closing(create_store(str(tmp_path / "back.db"), meta())) as back:
                begin(again, back, measured(again, progress=False))
                assert take_over(again, back, progress=False)[0] == 60
                ids = [entry.id for entries in again.entries() for entry in entries]
                assert back.thumbnails(ids) == again.thumbnails(ids)
                for id_, vector in back.vectors(ids).items():
                    np.testing.assert_allclose(vector, again.vectors([id_])[id_], atol=1e-5)
