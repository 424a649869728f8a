"""The approximate index: what it proposes is weighed exactly, what was added since is found, and removal removes it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from dgnet.gallery.stores.protocol import Entry, Filter, GalleryError, Meta, entry_id
from dgnet.gallery.stores.sqlite import index as module
from dgnet.gallery.stores.sqlite.store import SqliteStore

NUMBER, DIM = 4000, 32


def batch(first: int, number: int) -> tuple[list[Entry], np.ndarray, list[bytes]]:
    """Entries of 100 people, whose features lie around a centre each."""
    entries = [
        Entry(entry_id(f"{n:064x}", "m"), f"{n:064x}", str(n), f"c{n % 2}") for n in range(first, first + number)
    ]
    people = np.random.default_rng(0).normal(size=(100, DIM))
    vectors = people[np.arange(first, first + number) % 100]
    vectors = vectors + 0.3 * np.random.default_rng(first + 1).normal(size=vectors.shape)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return entries, vectors, [b""] * number


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    made = SqliteStore.create(str(tmp_path / "people.db"), Meta("m", "a model", "none", DIM))
    made.add(*batch(0, NUMBER))
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss", reason="an index needs faiss")
    monkeypatch.setattr(module.build_index, "__defaults__", (100,))


def test_a_small_gallery_needs_no_index(store: SqliteStore) -> None:
    with pytest.raises(GalleryError, match="no index needed: 4,000 entries"):
        store.build_index(0.98)
    with pytest.raises(GalleryError, match=r"--recall: found 1\.5"):
        store.build_index(1.5)


@pytest.mark.usefixtures("small")
def test_an_index_that_is_built_through_a_link_is_the_galleries_own(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    os.symlink(store.address, tmp_path / "links" / "alias.db")
    alias = SqliteStore.open(str(tmp_path / "links" / "alias.db"))
    assert alias.build_index(0.98) == store.index_facts()
    assert [path.name for path in tmp_path.rglob("*.faiss")] == ["people.db.faiss"]
    store.remove(Filter(cameras=("c0",)))
    assert not list(tmp_path.rglob("*.faiss"))


@pytest.mark.usefixtures("small")
def test_the_recall_that_is_stated_is_had(store: SqliteStore, tmp_path: Path) -> None:
    queries = batch(NUMBER * 5, 100)[1]
    exact = store.search(queries, 50)
    facts = store.build_index(0.98)
    assert facts == store.index_facts()
    assert facts.recall >= 0.98
    assert facts.num_probed < facts.num_lists
    found = SqliteStore.open(store.address).search(queries, 50)
    shared = [len(set(a) & set(b)) for a, b in zip(exact.ids, found.ids, strict=True)]
    assert np.mean(shared) / 50 > 0.95
    assert found.ids != exact.ids or facts.recall == 1  # it was the index that answered
    for query, ids, similarity in zip(queries, found.ids, found.similarity, strict=True):
        vectors = store.vectors(ids)
        np.testing.assert_allclose(similarity, [vectors[id_] @ query for id_ in ids], atol=1e-6)


@pytest.mark.usefixtures("small")
def test_what_came_later_and_what_is_filtered_is_found_and_removal_removes_the_index(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.build_index(0.9)
    entries, vectors, thumbnails = batch(NUMBER, 20)
    store.add(entries, vectors, thumbnails)
    assert [ids[0] for ids in store.search(vectors, 1).ids] == [entry.id for entry in entries]
    only = store.search(vectors[:3], 500, Filter(cameras=("c1",)))
    assert all(entry.camera == "c1" for ids in only.ids for entry in store.get(ids).values())
    other = SqliteStore.open(store.address)
    other.search(vectors, 1)
    assert (tmp_path / "people.db.faiss").exists()
    store.remove(Filter(ids=(entries[0].id,)))
    assert not (tmp_path / "people.db.faiss").exists()
    assert store.index_facts() is None
    assert entries[0].id not in other.search(vectors[:1], 50).ids[0]


@pytest.mark.usefixtures("small")
def test_a_damaged_index_is_named(store: SqliteStore, tmp_path: Path) -> None:
    facts = store.build_index(0.9)
    path = tmp_path / "people.db.faiss"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(GalleryError, match=r"people\.db\.faiss: damaged; remove it"):
        SqliteStore.open(store.address).search(batch(0, 1)[1], 1)
    store.build_index(0.9)
    store.set_note("index", dataclasses.replace(facts, number=5).to_json())
    with pytest.raises(GalleryError, match="not the index of this gallery"):
        SqliteStore.open(store.address).search(batch(0, 1)[1], 1)
