"""Every store, empty and ready, with real servers that this folder's tests share: tests/gallery/servers/start.py."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dgnet.gallery.stores.choice import create_store, open_store
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, Meta, Store, entry_id

_number = itertools.count()
MODEL = "0" * 64
DIM = 32


def _servers() -> ModuleType:
    path = Path(__file__).parents[1] / "servers" / "start.py"
    spec = importlib.util.spec_from_file_location("dgnet_test_servers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _started(kind: str, package: str) -> Iterator[Any]:
    pytest.importorskip(package, reason=f"the store in {kind} needs {package}")
    servers = _servers()
    try:
        server = servers.KINDS[kind]()
    except servers.NoServerError as error:
        pytest.skip(f"no {kind} server here: {error}")
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of these tests' own."""
    yield from _started("postgres", "psycopg")


@pytest.fixture(scope="session")
def milvus() -> Iterator[Any]:
    """A Milvus server of these tests' own."""
    yield from _started("milvus", "pymilvus")


class Place:
    """Where a test keeps its gallery: an address that nothing is at yet, and what makes and opens galleries there."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.create: Callable[[str, Meta], Store] = create_store
        self.open: Callable[[str], Store] = open_store


@pytest.fixture(params=["sqlite", "postgres", "milvus"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An address on each kind of store in turn."""
    name = f"people_{next(_number)}"
    if request.param == "sqlite":
        return Place(str(tmp_path / f"{name}.db"))
    return Place(request.getfixturevalue(request.param).address(name))


def make_meta(**changes: Any) -> Meta:
    given = {"model_hash": MODEL, "model_name": "a model", "preprocessing": "none", "dim": DIM, "precision": "float32"}
    return Meta(**{**given, **changes})


def make_batch(numbers: range, dim: int = DIM, **fields: Any) -> tuple[list[Entry], Float32Array, list[bytes]]:
    """The same entries for the same numbers: three cameras, a time in seconds, every other person known."""
    entries = []
    for number in numbers:
        content = f"{number:064x}"
        known = {
            "source": f"crops/{number}.jpg",
            "camera": ("", "door", "hall")[number % 3],
            "time": None if number % 5 == 0 else float(number),
            "identity": f"p{number // 4}" if number % 2 else "",
            "track": f"t{number // 2}",
        }
        entries.append(Entry(entry_id(content, MODEL), content, **{**known, **fields}))
    vectors = np.stack([np.random.default_rng(number).normal(size=dim) for number in numbers])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return entries, vectors, [b"\xff\xd8" + bytes([number % 256]) * 20 for number in numbers]


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty gallery on each kind of store in turn."""
    opened = place.create(place.address, make_meta())
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def batch() -> Callable[..., tuple[list[Entry], Float32Array, list[bytes]]]:
    """`make_batch`."""
    return make_batch


@pytest.fixture(scope="session")
def meta() -> Callable[..., Meta]:
    """`make_meta`."""
    return make_meta


def everything(store: Store, only: Filter = EVERY, batch_size: int = 25) -> dict[str, Entry]:
    """All entries that pass, by id."""
    entries = [entry for batch in store.entries(only, batch_size) for entry in batch]
    assert len(entries) == len({entry.id for entry in entries}), "an entry came twice"
    return {entry.id: entry for entry in entries}


@pytest.fixture(scope="session")
def listed() -> Callable[..., dict[str, Entry]]:
    """`everything`."""
    return everything
