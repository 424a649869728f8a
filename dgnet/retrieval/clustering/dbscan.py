"""Clusters of images by DBSCAN (Ester et al. 1996) on sparse distances; eps is chosen without labels.

An image with at least `min_samples` images (itself included) within the distance eps is a core. Cores within eps of
each other are in one cluster, and so is every image within eps of a core. All other images are outliers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dgnet.errors import DgnetError
from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.clustering.silhouette import silhouettes
from dgnet.retrieval.kernel.sparse import Float32Array, SparseRows

OUTLIER = -1
COPY = -2  # an image that was left out before, as one of many near copies
GRID = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)  # the values of eps that are tried


class ClusteringError(DgnetError, ImportError):
    """The package that clusters is missing; the message says how to install it."""


@dataclass(frozen=True)
class Clustering:
    """The clusters of N images.

    Args:
        labels: N, the cluster of each image, 0 to C-1, or OUTLIER or COPY.
        silhouettes: N, how much closer each image is to its own cluster than to the nearest other one, from -1 to 1;
            0 for all others.
        eps: the distance within which images are neighbours.
    """

    labels: Int64Array
    silhouettes: Float32Array
    eps: float

    @property
    def num_clusters(self) -> int:
        return int(self.labels.max(initial=OUTLIER)) + 1

    @property
    def share(self) -> float:
        """The fraction of images, copies apart, that are in a cluster."""
        return float((self.labels >= 0).sum() / max(1, (self.labels != COPY).sum()))

    @property
    def score(self) -> float:
        """The mean silhouette of all images but copies, outliers counted as 0: that of the clustered times their share.

        It needs no labels. Small eps leaves images out, which lowers the share; large eps joins people, which lowers
        the silhouettes.
        """
        return float(self.silhouettes.sum(dtype=np.float64) / max(1, (self.labels != COPY).sum()))


def cluster(distances: SparseRows, min_samples: int, eps: float) -> Clustering:
    """The clusters for one eps. `distances` as `jaccard_distances` gives them. Raises ClusteringError."""
    require_sklearn()
    from scipy.sparse import csr_matrix
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import sort_graph_by_row_values

    near = np.flatnonzero(distances.values <= eps)
    starts = np.searchsorted(near, distances.starts)
    number = distances.num_rows
    graph = csr_matrix((distances.values[near], distances.columns[near], starts), shape=(number, number))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the graph's order, which is then made what is wanted
        graph = sort_graph_by_row_values(graph, copy=False)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph).astype(np.int64)
    return Clustering(labels, silhouettes(distances, labels), eps)


def best_clustering(
    distances: SparseRows, min_samples: int, grid: Sequence[float] = GRID, *, progress: bool = True
) -> Clustering:
    """Of the clusterings for all eps in `grid`, the one with the highest `score`; of equal ones, the smallest eps."""
    bar = tqdm(grid, desc="clusters", unit="eps", dynamic_ncols=True, disable=not progress)
    return max((cluster(distances, min_samples, eps) for eps in bar), key=lambda one: one.score)


def require_sklearn() -> None:
    """Raise ClusteringError if scikit-learn is not installed."""
    try:
        import sklearn.cluster  # noqa: F401
    except ImportError as error:
        raise ClusteringError('clustering needs scikit-learn: pip install "dgnet[adapt]"') from error
