"""The store that an address names: `people.db`, `milvus://HOST:PORT/NAME` or `postgresql://...`."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dgnet.gallery.stores.protocol import GalleryError, Meta, Store

if TYPE_CHECKING:
    from dgnet.gallery.stores.sqlite.store import SqliteStore

# Scheme -> the module and the class of its store, imported when it is used: each needs packages of its own.
_SCHEMES = {
    "milvus": ("dgnet.gallery.stores.milvus", "MilvusStore"),
    "postgresql": ("dgnet.gallery.stores.postgres", "PostgresStore"),
    "postgres": ("dgnet.gallery.stores.postgres", "PostgresStore"),
}
_FILE = ("dgnet.gallery.stores.sqlite.store", "SqliteStore")


def is_file_address(address: str) -> bool:
    """Whether the gallery is a file."""
    return "://" not in address


def create_store(address: str, meta: Meta) -> Store:
    """Make a new gallery. Raises GalleryError where one is there already."""
    store: Store = _class_of(address).create(address, meta)
    return store


def open_store(address: str) -> Store:
    """Open a gallery. Raises GalleryError where there is none."""
    store: Store = _class_of(address).open(address)
    return store


def open_target(address: str, out: str) -> Store | None:
    """The gallery `out` that is made of the gallery `address`, to go on with it; None where it is not there yet.

    Raises GalleryError where the two are one file.
    """
    if is_file_address(out) and os.path.realpath(out) == os.path.realpath(address):
        raise GalleryError(f"--out: {out} is the gallery itself; give the name of a new one")
    with suppress(GalleryError):
        return open_store(out)
    return None


def open_file_store(address: str) -> SqliteStore:
    """Open a gallery that is a file. Raises GalleryError for one on a server, which keeps an index of its own."""
    if not is_file_address(address):
        raise GalleryError(f"{address}: a server keeps its own index; only a file needs one beside it")
    from dgnet.gallery.stores.sqlite.store import SqliteStore

    return SqliteStore.open(address)


def _class_of(address: str) -> Any:
    if not address:
        raise GalleryError("gallery: found an empty name; give a file, such as people.db, or a server's address")
    module, name = _FILE
    if found := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", address):
        scheme = found[1].lower()
        if scheme not in _SCHEMES:
            raise GalleryError(
                f"{address}: {scheme}:// is not known; give a file, such as people.db, milvus://HOST:PORT/NAME or "
                "postgresql://USER@HOST:PORT/DATABASE"
            )
        module, name = _SCHEMES[scheme]
    return getattr(import_module(module), name)
