"""The tables of a gallery in PostgreSQL, and filters as its conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dgnet.gallery.stores.postgres_connection import Connection, line
from dgnet.gallery.stores.protocol import Entry, Filter, GalleryError, Meta

COLUMNS = "id, content_hash, source, camera, time, identity, track"
TYPES = ("text", "text", "text", "text", "float8", "text", "text")
_TABLES = """
CREATE TABLE {schema}.meta (json text NOT NULL);
CREATE TABLE {schema}.notes (name text PRIMARY KEY, text text NOT NULL);
CREATE TABLE {schema}.entries (
    id text COLLATE "C" PRIMARY KEY,
    content_hash text NOT NULL,
    source text NOT NULL,
    camera text NOT NULL,
    time float8,
    identity text NOT NULL,
    track text NOT NULL,
    feature {type} NOT NULL,
    thumbnail bytea NOT NULL
);
-- Numbers of features do not compress; trying costs time at each reading.
ALTER TABLE {schema}.entries ALTER COLUMN feature SET STORAGE EXTERNAL;
INSERT INTO {schema}.meta VALUES ({json});
"""


def create_tables(connection: Connection, meta: Meta) -> None:
    """Make a gallery's schema, whole or not at all.

    Raises:
        GalleryError: the schema is there already, there is no pgvector, or the user may not make it.
    """
    import psycopg
    from psycopg import sql

    try:
        connection.raw.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.Error as error:
        raise GalleryError(
            f"{connection.address}: pgvector cannot be used at {connection.where}: {line(error)}; install it on the "
            "server, and have its administrator run CREATE EXTENSION vector in this database"
        ) from error
    if not connection.rows("SELECT to_regtype('halfvec') IS NOT NULL")[0][0]:  # pgvector before 0.7
        meta = replace(meta, precision="float32")
    column: Any = sql.SQL("halfvec({})" if meta.precision == "float16" else "vector({})").format(meta.dim)
    schema = sql.Identifier(connection.name)
    try:
        with connection.raw.transaction():
            connection.raw.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
            connection.raw.execute(
                sql.SQL(_TABLES).format(schema=schema, type=column, json=sql.Literal(meta.to_json()))
            )
    except (psycopg.errors.DuplicateSchema, psycopg.errors.UniqueViolation) as error:
        raise GalleryError(
            f"{connection.address}: there is a schema {connection.name!r} already; open it, or choose another name "
            "as ?gallery=NAME"
        ) from error
    except psycopg.Error as error:
        raise GalleryError(f"{connection.address}: cannot be made: {line(error)}") from error


def open_tables(connection: Connection) -> Meta:
    """Read meta, and have later statements find the gallery's tables and pgvector's types.

    Raises:
        GalleryError: there is no gallery, or it cannot be read.
    """
    import psycopg
    from pgvector.psycopg import register_vector
    from psycopg import sql

    schema = sql.Identifier(connection.name)
    missing = psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn
    try:
        rows = connection.raw.execute(sql.SQL("SELECT json FROM {}.meta").format(schema)).fetchall()
    except missing:
        rows = []
    except psycopg.Error as error:
        raise GalleryError(f"{connection.address}: cannot be read: {line(error)}") from error
    if not rows:
        raise GalleryError(
            f"{connection.address}: there is no gallery {connection.name!r}; make it with: "
            f"dgnet gallery create '{connection.address}'"
        )
    meta = Meta.from_json(rows[0][0], connection.address)
    place = connection.rows(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'vector'"
    )
    if not place:
        raise GalleryError(f"{connection.address}: its pgvector was removed; run CREATE EXTENSION vector")
    path = sql.SQL(", ").join([schema, sql.Identifier(place[0][0])])
    connection.rows(sql.SQL("SET search_path TO {}").format(path))
    # A database may be set to acknowledge before it has flushed to the disk; this connection is not.
    if connection.rows("SHOW synchronous_commit")[0][0] == "off":
        connection.rows("SET synchronous_commit TO on")
    with connection.turn():
        register_vector(connection.raw)
    return meta


def columns_of(entry: Entry) -> tuple:
    """An entry as COLUMNS has it."""
    where, who = (entry.source, entry.camera, entry.time), (entry.identity, entry.track)
    return entry.id, entry.content_hash, *where, *who


def condition(only: Filter) -> tuple[str, list[Any]]:
    """A filter as a condition with its parameters."""
    conditions: list[str] = ["true"]
    parameters: list[Any] = []
    equal = (("id", only.ids), ("source", only.sources), ("camera", only.cameras), ("identity", only.identities))
    for column, values in equal:
        if values is not None:
            conditions.append(f"{column} = ANY(%s)")
            parameters.append(list(values))
    if only.not_cameras is not None:
        conditions.append("camera <> ALL(%s)")
        parameters.append(list(only.not_cameras))
    for comparison, value in ((">=", only.after), ("<", only.before)):
        if value is not None:
            conditions.append(f"time {comparison} %s")
            parameters.append(float(value))
    if only.known is not None:
        conditions.append("identity <> ''" if only.known else "identity = ''")
    return " AND ".join(conditions), parameters
