"""Checks of what a caller gives: features, identities and cameras become arrays that are known to be valid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from dgnet.errors import DgnetError

FeatureArray: TypeAlias = "npt.NDArray[np.floating] | torch.Tensor"
LabelArray: TypeAlias = "npt.NDArray[np.integer] | torch.Tensor | Sequence[int]"
Int64Array: TypeAlias = "npt.NDArray[np.int64]"

JUNK = -1
_ROWS_AT_ONCE = 4096


class EvaluationError(DgnetError, ValueError):
    """What was given cannot be evaluated; the message names it and says what to do."""


def feature_matrix(features: FeatureArray, name: str, device: str | torch.device | None = None) -> torch.Tensor:
    """The features as a finite float32 matrix N×F on `device` (default: their own), copied only where that is needed.

    Raises EvaluationError when the array is not N×F, is empty, or holds a NaN or an infinity.
    """
    if isinstance(features, torch.Tensor):
        matrix = features.detach()
    else:
        with warnings.catch_warnings():
            # torch warns that a read-only memory map must not be written to; here it is only read.
            warnings.filterwarnings("ignore", message=".*not writable.*")
            matrix = torch.from_numpy(np.asarray(features))
    if matrix.ndim != 2:
        raise EvaluationError(f"{name}: expected features of shape N×F, found shape {tuple(matrix.shape)}")
    if matrix.shape[0] == 0:
        raise EvaluationError(f"{name}: no features at all (shape {tuple(matrix.shape)}); at least one image is needed")
    if matrix.shape[1] == 0:
        raise EvaluationError(f"{name}: features of width 0 (shape {tuple(matrix.shape)})")
    if matrix.is_complex():
        raise EvaluationError(f"{name}: expected real numbers, found {matrix.dtype}")
    matrix = matrix.to(device=device, dtype=torch.float32)
    for start in range(0, matrix.shape[0], _ROWS_AT_ONCE):
        rows = matrix[start : start + _ROWS_AT_ONCE]
        # A row's sum is not finite where one of its values is not, or where finite values are so large that their sum
        # overflows. So the values themselves are looked at only where a sum is not finite.
        if not bool(rows.sum(dim=1).isfinite().all()) and not bool(rows.isfinite().all()):
            first = start + int((~rows.isfinite()).any(dim=1).nonzero()[0])
            raise EvaluationError(f"{name}: NaN or infinity in row {first}; look at the model or file that made it")
    return matrix


def same_width(query: torch.Tensor, gallery: torch.Tensor) -> None:
    """Raise EvaluationError unless both matrices have the same width and their inner products fit float32."""
    if query.shape[1] != gallery.shape[1]:
        raise EvaluationError(
            f"query features are {query.shape[1]} wide, gallery features {gallery.shape[1]}; "
            "both must come from one model"
        )
    bound = largest_norm(query) * largest_norm(gallery)
    if bound > torch.finfo(torch.float32).max:
        raise EvaluationError(f"features are so large that similarities reach {bound:.2g}; L2-normalise them first")


def largest_norm(matrix: torch.Tensor) -> float:
    """The Euclidean length of the longest row; infinite where float32 cannot hold its square.

    It is multiplied by 1 + 1e-5, so that rounding never makes it smaller than the true length.
    """
    starts = range(0, matrix.shape[0], _ROWS_AT_ONCE)
    norms = (torch.linalg.vector_norm(matrix[start : start + _ROWS_AT_ONCE], dim=1) for start in starts)
    return max(float(norm.amax()) for norm in norms) * (1 + 1e-5)


def label_vector(labels: LabelArray, name: str, length: int) -> Int64Array:
    """`labels` as `length` int64 values. Raises EvaluationError naming `name` where they are anything else."""
    array = labels.detach().cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)
    if array.shape != (length,):
        raise EvaluationError(f"{name}: expected {length} values, one per image, found shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise EvaluationError(f"{name}: expected whole numbers, found {array.dtype}")
    return array.astype(np.int64)


def camera_vectors(
    query_camids: LabelArray | None, gallery_camids: LabelArray | None, num_query: int, num_gallery: int
) -> tuple[Int64Array, Int64Array] | None:
    """The cameras of queries and gallery; None where neither is given, which switches same-camera filtering off.

    Raises EvaluationError when only one side has cameras, or a camera is unknown (negative).
    """
    if query_camids is None and gallery_camids is None:
        return None
    if query_camids is None or gallery_camids is None:
        missing = "query_camids" if query_camids is None else "gallery_camids"
        raise EvaluationError(f"{missing} is missing: give the cameras of both sides, or of neither")
    cameras = (
        label_vector(query_camids, "query_camids", num_query),
        label_vector(gallery_camids, "gallery_camids", num_gallery),
    )
    for name, values in zip(("query_camids", "gallery_camids"), cameras, strict=True):
        unknown = np.flatnonzero(values < 0)
        if unknown.size:
            raise EvaluationError(
                f"{name}: {unknown.size} images of unknown camera (first at {unknown[0]}: {values[unknown[0]]}); "
                "name every camera, or give none on either side to switch same-camera filtering off"
            )
    return cameras
