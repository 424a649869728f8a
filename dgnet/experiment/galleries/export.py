"""A gallery's features and entries as a file for other programs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dgnet.files.outputs import check_output_file
from dgnet.files.whole_file import written_whole
from dgnet.gallery.centring import complete_means
from dgnet.gallery.stores.protocol import Entry, Float32Array, GalleryError, Store

COLUMNS = ("id", "content_hash", "source", "camera", "time", "identity", "track")


def export(store: Store, out: Path) -> int:
    """Write every entry with its feature, float32, and return how many.

    Args:
        out: `.npz`: an array per column, `time` NaN where unknown, and `feature` N×dim; or `.parquet`: a row per entry,
            `time` null where unknown.

    Raises:
        OutputError: it cannot be written there.
        GalleryError: the gallery is not complete, or pyarrow is not installed.
    """
    check_output_file(out, "--out", suffixes=(".npz", ".parquet"))
    complete_means(store)
    with written_whole(out) as partial:
        return _parquet(store, partial) if out.suffix.lower() == ".parquet" else _npz(store, partial)


def _npz(store: Store, path: Path) -> int:
    entries: list[Entry] = []
    features: list[Float32Array] = []
    for batch, vectors in store.read():
        entries += batch
        features.append(vectors)
    columns = {
        name: np.array([getattr(entry, name) for entry in entries], dtype=str) for name in COLUMNS if name != "time"
    }
    time = np.array([np.nan if entry.time is None else entry.time for entry in entries], dtype=np.float64)
    together = np.concatenate(features) if features else np.empty((0, store.meta.dim), np.float32)
    arrays: dict[str, Any] = {**columns, "time": time, "feature": together}
    np.savez(path, **arrays)
    return len(entries)


def _parquet(store: Store, path: Path) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise GalleryError("--out: Parquet needs pyarrow: pip install 'dgnet[parquet]', or name an .npz") from None
    kinds = [(name, pyarrow.float64() if name == "time" else pyarrow.string()) for name in COLUMNS]
    schema = pyarrow.schema([*kinds, ("feature", pyarrow.list_(pyarrow.float32(), store.meta.dim))])
    number = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for batch, vectors in store.read():
            rows = [asdict(entry) for entry in batch]
            columns = [pyarrow.array([row[name] for row in rows], kind) for name, kind in kinds]
            flat = pyarrow.array(vectors.ravel(), pyarrow.float32())
            columns.append(pyarrow.FixedSizeListArray.from_arrays(flat, store.meta.dim))
            writer.write_table(pyarrow.table(columns, schema=schema))
            number += len(batch)
    return number
