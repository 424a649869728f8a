"""Entries, notes and filters as Milvus has them: rows of strings and numbers, and texts of conditions.

Milvus 2.3 has no column for bytes and no empty values: pictures are kept as base64, and whether a time is known in a
column of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from dgnet.gallery.stores.protocol import Entry, Filter, Float32Array, GalleryError, Meta

FIELDS = ("id", "content_hash", "source", "camera", "time", "timed", "identity", "track", "feature", "picture")
MAX_BYTES = 65_535  # of a text: Milvus's own limit
_LARGEST = float(np.finfo(np.float64).max)


def schema_of(meta: Meta) -> Any:
    """The columns of a gallery, with `meta` as the collection's description."""
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=meta.to_json())
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    for name in ("content_hash", "source", "camera", "identity", "track", "picture"):
        schema.add_field(name, DataType.VARCHAR, max_length=MAX_BYTES)
    schema.add_field("time", DataType.DOUBLE)
    schema.add_field("timed", DataType.BOOL)
    schema.add_field("feature", DataType.FLOAT_VECTOR, dim=meta.dim)
    return schema


def index_of() -> Any:
    """Exact search by inner products."""
    from pymilvus import MilvusClient

    index = MilvusClient.prepare_index_params()
    index.add_index(field_name="feature", index_type="FLAT", metric_type="IP")
    return index


def row_of(entry: Entry, vector: Float32Array, thumbnail: bytes, address: str) -> dict[str, Any]:
    """An entry as a row. Raises GalleryError where a text or the picture is too long."""
    row = {
        "id": entry.id,
        "content_hash": entry.content_hash,
        "source": entry.source,
        "camera": entry.camera,
        "time": 0.0 if entry.time is None else float(entry.time),
        "timed": entry.time is not None,
        "identity": entry.identity,
        "track": entry.track,
        "feature": vector,
        "picture": base64.b64encode(thumbnail).decode(),
    }
    for name, value in row.items():
        if isinstance(value, str) and len(value.encode()) > MAX_BYTES:
            raise GalleryError(
                f"{address}: the {name} of {entry.source[:200]!r} has {len(value.encode())} bytes, "
                f"Milvus keeps at most {MAX_BYTES}"
            )
    return row


def entry_of(row: dict[str, Any]) -> Entry:
    time = float(row["time"]) if row["timed"] else None
    return Entry(row["id"], row["content_hash"], row["source"], row["camera"], time, row["identity"], row["track"])


def note_key(name: str) -> str:
    """The id of a note's row: any name has one of 64 characters."""
    return hashlib.sha256(name.encode()).hexdigest()


def note_row(name: str, text: str, dim: int) -> dict[str, Any]:
    """A note as a row, compressed; its feature is never searched."""
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    blank = {"content_hash": "", "source": name, "camera": "", "time": 0.0, "timed": False, "identity": "", "track": ""}
    return {"id": note_key(name), **blank, "feature": np.zeros(dim, np.float32), "picture": packed}


def note_text(packed: str) -> str:
    return zlib.decompress(base64.b64decode(packed)).decode()


def literal(value: str | Sequence[str]) -> str:
    """A text, or a list of texts, in Milvus's language of conditions; its escapes are JSON's."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False)


def condition(only: Filter) -> str | None:
    """A filter in Milvus's language: empty where everything passes, None where nothing can."""
    parts = []
    equal = (("id", only.ids), ("source", only.sources), ("camera", only.cameras), ("identity", only.identities))
    for name, values in equal:
        if values is not None:
            if not values:
                return None
            parts.append(f"{name} in {literal(values)}")
    if only.not_cameras:
        parts.append(f"camera not in {literal(only.not_cameras)}")
    for comparison, value in ((">=", only.after), ("<", only.before)):
        if value is not None:
            number = min(max(float(value), -_LARGEST), _LARGEST)
            parts.append(f"timed == true and time {comparison} {number!r}")
    if only.known is not None:
        parts.append(f'identity {"!=" if only.known else "=="} ""')
    return " and ".join(parts)
