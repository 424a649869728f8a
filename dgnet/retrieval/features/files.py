"""Features of any model, read from a file: `.npz`, or Parquet where pyarrow is installed.

A file holds `features` (N×F; in Parquet a column of lists of equal length), `pids` (N) and, where known, `camids` (N)
and `paths` (N strings). Equal paths show that a query and a gallery image are the same image.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.retrieval.arrays import EvaluationError, Int64Array, feature_matrix, label_vector
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES
from dgnet.retrieval.labels import SplitLabels, own_image_notes
from dgnet.retrieval.ranking.ranks import Denominator, RetrievalResult, evaluate

FIELDS = ("features", "pids", "camids", "paths")  # a file may have other fields, which are not read


@dataclass(frozen=True)
class FeatureFile:
    """N×F float32 features and their identities; cameras and paths are None where the file has none."""

    features: npt.NDArray[np.float32]
    pids: Int64Array
    camids: Int64Array | None
    paths: tuple[str, ...] | None = None


def read_features(path: Path) -> FeatureFile:
    """Read and check the features of the queries, or of the gallery. Raises EvaluationError naming file and field."""
    if not path.is_file():
        raise EvaluationError(f"{path}: no such file")
    match path.suffix.lower():
        case ".npz":
            fields = _read_npz(path)
        case ".parquet":
            fields = _read_parquet(path)
        case other:
            raise EvaluationError(f"{path}: expected a .npz or .parquet file, found {other or 'no suffix'}")
    for name in ("features", "pids"):
        if name not in fields:
            raise EvaluationError(f"{path}: no field {name!r}; it holds {', '.join(sorted(fields)) or 'nothing'}")
    features = feature_matrix(np.asarray(fields["features"]), f"{path}: features").numpy()
    camids = fields.get("camids")
    return FeatureFile(
        features=features,
        pids=label_vector(fields["pids"], f"{path}: pids", len(features)),
        camids=None if camids is None else label_vector(camids, f"{path}: camids", len(features)),
        paths=_paths(fields["paths"], path, len(features)) if "paths" in fields else None,
    )


def labels_of_files(query: FeatureFile, gallery: FeatureFile) -> SplitLabels:
    """The labels of queries and gallery. Where both files have `paths`, equal paths are the same image."""
    labels = SplitLabels(query.pids, gallery.pids, query.camids, gallery.camids)
    if query.paths is None or gallery.paths is None:
        return labels
    numbers: dict[str, int] = {}
    asked, searched = (
        np.array([numbers.setdefault(os.path.normpath(path), len(numbers)) for path in paths], dtype=np.int64)
        for paths in (query.paths, gallery.paths)
    )
    notes = own_image_notes(asked, searched)
    return replace(labels, query_images=asked, gallery_images=searched, notes=tuple(notes)) if notes else labels


def evaluate_files(
    query: Path,
    gallery: Path,
    *,
    denominator: Denominator = "valid",
    block_bytes: int = BLOCK_BYTES,
    device: str | None = None,
) -> RetrievalResult:
    """`evaluate` on two feature files. Similarity is the inner product; the features are not normalised."""
    asked, searched = read_features(query), read_features(gallery)
    return evaluate(
        asked.features,
        searched.features,
        *labels_of_files(asked, searched).columns(),
        denominator=denominator,
        block_bytes=block_bytes,
        device=device,
    )


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        # The file is opened here, because np.load does not close a broken file.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] if name in FIELDS else None for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise EvaluationError(f"{path}: cannot be read as .npz: {error}") from error


def _read_parquet(path: Path) -> dict[str, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise EvaluationError(f"{path}: reading Parquet needs pyarrow: pip install 'dgnet[parquet]'") from error
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise EvaluationError(f"{path}: cannot be read as Parquet: {error}") from error
    fields: dict[str, Any] = {}
    for name in table.column_names:
        if name not in FIELDS:
            fields[name] = None
            continue
        column = table[name].combine_chunks()
        if name == "features":
            fields[name] = _matrix(column, path)
        elif column.null_count:
            raise EvaluationError(f"{path}: {name}: {column.null_count} values are missing")
        else:
            fields[name] = column.to_numpy(zero_copy_only=False)
    return fields


def _paths(values: Any, path: Path, number: int) -> tuple[str, ...]:
    array = np.asarray(values)
    if array.shape != (number,) or not all(isinstance(value, str) for value in array.tolist()):
        raise EvaluationError(f"{path}: paths: expected {number} strings, found {array.dtype} of shape {array.shape}")
    return tuple(array.tolist())


def _matrix(column: Any, path: Path) -> npt.NDArray[np.floating]:
    """A column of lists as a matrix. Raises EvaluationError unless all lists have the same length."""
    import pyarrow.compute

    if column.null_count:
        raise EvaluationError(f"{path}: features: {column.null_count} rows are missing")
    try:
        widths = pyarrow.compute.list_value_length(column).to_numpy(zero_copy_only=False)
        values = column.flatten().to_numpy(zero_copy_only=False)
    except (pyarrow.ArrowException, AttributeError) as error:
        raise EvaluationError(
            f"{path}: features: expected a list of numbers in each row, found {column.type}"
        ) from error
    if len(widths) and (widths != widths[0]).any():
        raise EvaluationError(f"{path}: features: rows of {widths.min()} to {widths.max()} numbers, expected one width")
    matrix: npt.NDArray[np.floating] = values.reshape(len(widths), -1)
    return matrix
