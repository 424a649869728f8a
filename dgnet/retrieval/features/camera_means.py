"""Features without what is common to the images of their camera."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import normalize

from dgnet.retrieval.arrays import FeatureArray, Int64Array, LabelArray, feature_matrix, label_vector, same_width
from dgnet.retrieval.features.extract import Float32Array

# A camera's mean counts as if so many more of its images had the mean of all cameras: a few images say more about whom
# they show than about their camera.
PRIOR: Final = 20
Camera = TypeVar("Camera", bound=Hashable)


def without_camera_means(
    query_features: FeatureArray, gallery_features: FeatureArray, query_camids: LabelArray, gallery_camids: LabelArray
) -> tuple[Float32Array, Float32Array]:
    """Unit features of queries (Q x F) and gallery (N x F), moved to where their camera's mean is 0.

    Of a camera c with n_c gallery images, with m_c the mean of their unit features and m that of all gallery images:

        f <- f - m - n_c / (n_c + 20) (m_c - m),  then f / |f|

    No identity is used, and of the queries nothing but which camera took each. What a camera's light, background and
    angle do to all its images is taken away; a network that never saw this camera cannot know it. Batch norms with
    statistics of their own for each camera do the same (Zhuang et al. 2020). From an image by a camera without gallery
    images m alone is taken away.
    """
    matrices = feature_matrix(query_features, "query features"), feature_matrix(gallery_features, "gallery features")
    same_width(*matrices)
    query, gallery = (normalize(matrix, dim=1).cpu() for matrix in matrices)
    asked = label_vector(query_camids, "query_camids", len(query))
    searched = label_vector(gallery_camids, "gallery_camids", len(gallery))
    everybody, offsets = _offsets(gallery, searched)
    sides = (query, asked), (gallery, searched)
    without = [moved(unit.numpy(), cameras.tolist(), offsets, everybody) for unit, cameras in sides]
    return without[0], without[1]


def each_without_its_cameras_mean(features: FeatureArray, camids: LabelArray) -> Float32Array:
    """The same of images that are all compared with one another, N x F."""
    unit = normalize(feature_matrix(features, "features"), dim=1).cpu()
    cameras = label_vector(camids, "camids", len(unit))
    everybody, offsets = _offsets(unit, cameras)
    return moved(unit.numpy(), cameras.tolist(), offsets, everybody)


def offset(mean: npt.NDArray[Any], everybody: npt.NDArray[Any], count: int) -> Float32Array:
    """m + n_c / (n_c + 20) (m_c - m): what a camera's `count` images share, of their mean m_c and that of all, m."""
    found: Float32Array = (everybody + (mean - everybody) * (count / (count + PRIOR))).astype(np.float32)
    return found


def offsets_of(
    cameras: Sequence[Camera], offsets: Mapping[Camera, Float32Array], everybody: Float32Array
) -> Float32Array:
    """The offset of each image's camera, N x F; that of `everybody` for a camera without one."""
    chosen = [offsets.get(camera, everybody) for camera in cameras]
    return np.array(chosen, np.float32).reshape(len(cameras), len(everybody))


def moved(
    unit: Float32Array, cameras: Sequence[Camera], offsets: Mapping[Camera, Float32Array], everybody: Float32Array
) -> Float32Array:
    """Unit features N x F less the offset of their camera, as `offsets_of` gives it, of length 1 again."""
    less = unit - offsets_of(cameras, offsets, everybody)
    found: Float32Array = normalize(torch.from_numpy(less), dim=1).numpy()
    return found


def _offsets(unit: Tensor, cameras: Int64Array) -> tuple[Float32Array, dict[int, Float32Array]]:
    """The mean of all images, and the offset of each camera."""
    everybody: Float32Array = unit.mean(dim=0).numpy()
    offsets: dict[int, Float32Array] = {}
    for camera in np.unique(cameras):
        own = unit[cameras == camera]
        offsets[int(camera)] = offset(own.mean(dim=0).numpy(), everybody, len(own))
    return everybody, offsets
