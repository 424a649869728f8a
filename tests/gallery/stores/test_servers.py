"""What can be wrong with a server or its address is said in one sentence, without the password; removed bytes."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.postgres import PostgresStore
from dgnet.gallery.stores.postgres_connection import split_address
from dgnet.gallery.stores.protocol import Filter, GalleryError
from dgnet.gallery.stores.server import without_password


@pytest.mark.parametrize(
    ("package", "address"),
    [
        ("psycopg", "postgresql://me:hidden@127.0.0.1:PORT/db"),
        ("psycopg", "postgres://me@127.0.0.1:PORT/db?gallery=x&password=hidden"),
        ("pymilvus", "milvus://me:hidden@127.0.0.1:PORT/people"),
    ],
)
def test_a_server_that_is_away_is_named_at_once(package: str, address: str) -> None:
    pytest.importorskip(package)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # a port that nobody listens on
        port = taken.getsockname()[1]
        with pytest.raises(GalleryError, match=rf"127\.0\.0\.1:{port} cannot be used") as said:
            open_store(address.replace("PORT", str(port)))
    assert "hidden" not in str(said.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("milvus://127.0.0.1:19530", "must be milvus://HOST:PORT/NAME"),
        ("milvus://127.0.0.1:many/people", "must be milvus://HOST:PORT/NAME"),
        ("milvus:///people", "must be milvus://HOST:PORT/NAME"),
        ("milvus://127.0.0.1/a;drop", "a;drop"),
        ("milvus://127.0.0.1/9lives", "begins with no digit"),
        ("milvus://127.0.0.1/people?tsl=true", "tsl= is not known"),
    ],
)
def test_an_address_of_milvus_that_is_none(address: str, said: str) -> None:
    pytest.importorskip("pymilvus")
    with pytest.raises(GalleryError, match=said):
        open_store(address)


def test_an_address_of_postgres_names_schema_and_options() -> None:
    assert split_address("postgresql://me@h/db") == ("postgresql://me@h/db", "people")
    assert split_address("postgresql://h/db?sslmode=require&gallery=a%20b") == (
        "postgresql://h/db?sslmode=require",
        "a b",
    )
    for name in ("", "x" * 64, "é" * 32, "a%00b"):
        with pytest.raises(GalleryError, match="name has"):
            split_address(f"postgresql://h/db?gallery={name}")
    assert without_password("postgresql://me:s%40@h:1/db?password=t&x=1") == "postgresql://me@h:1/db?password=...&x=1"


def test_options_and_users_that_postgres_refuses(postgres: Any) -> None:
    right = postgres.address("none")
    for wrong, said in (
        (right.replace("secret", "wrong"), r"password.*PGPASSWORD"),
        (right.replace("/postgres?", "/elsewhere?"), "does not exist"),
        (right + "&colour=red", "not an address of PostgreSQL"),
    ):
        with pytest.raises(GalleryError, match=said) as error:
            open_store(wrong)
        assert "secret" not in str(error.value)


def test_names_with_sql_are_names(postgres: Any, meta: Any, batch: Any) -> None:
    name = "a\"; DROP SCHEMA public; --'%s"
    address = postgres.address("x").replace("gallery=x", "gallery=a%22; DROP SCHEMA public; --%27%25s")
    store = PostgresStore.create(address, meta())
    store.add(*batch(range(3)))
    store.close()
    again = open_store(address)
    assert again.count() == 3
    assert split_address(address)[1] == name
    again.close()


def test_what_is_no_gallery_is_left_alone(postgres: Any, meta: Any) -> None:
    """The schema `public` is there in each database, and one of somebody else's may have a table of the same name."""
    psycopg = pytest.importorskip("psycopg")
    with pytest.raises(GalleryError, match="already"):
        PostgresStore.create(postgres.address("public"), meta())
    with pytest.raises(GalleryError, match="no gallery"):
        open_store(postgres.address("public"))
    with psycopg.connect(postgres.address("x").partition("?")[0], autocommit=True) as connection:
        connection.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.meta (json text)")
        connection.execute("INSERT INTO theirs.meta VALUES ('[1, 2]')")
    with pytest.raises(GalleryError, match="not a gallery of dgnet's"):
        open_store(postgres.address("theirs"))


def test_removed_bytes_leave_the_files_of_postgres(postgres: Any, meta: Any, batch: Any) -> None:
    """Its tables' files are searched; the write-ahead log, which still has them for a while, is not."""
    psycopg = pytest.importorskip("psycopg")
    store = PostgresStore.create(postgres.address("removal"), meta())
    secret = "crops/of-a-person-who-asked-to-be-removed.jpg"
    entries, vectors, _ = batch(range(5), source=secret)
    store.add(entries, vectors, [b"\xff\xd8" + secret.encode()] * 5)
    store.add(*batch(range(5, 10)))

    def found() -> list[Path]:
        with psycopg.connect(postgres.address("x").partition("?")[0], autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        files = [path for path in (postgres.data / "base").rglob("*") if path.is_file()]
        return [path for path in files if secret.encode() in path.read_bytes()]

    assert found()
    assert store.remove(Filter(sources=(secret,))) == 5
    assert found() == []
    assert store.count() == 5
    store.close()


def test_a_server_that_is_killed_while_a_gallery_is_open(postgres: Any, meta: Any, batch: Any) -> None:
    store = PostgresStore.create(postgres.address("killed"), meta())
    with contextlib.closing(store):
        store.add(*batch(range(5)))
        postgres.kill()
        with pytest.raises(GalleryError, match="was lost"):
            store.add(*batch(range(5, 10)))
    postgres.start()
    again = open_store(postgres.address("killed"))
    assert again.count() == 5
    again.close()
