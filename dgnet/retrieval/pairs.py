"""Pairs of labelled images, by pair of cameras: how alike are two images of one person, and of two people?

Every pair is looked at once, in blocks. Kept of it are: all similarities of pairs of the same person; the highest ones
of pairs of different people, with whose they are, since low false-accept rates are decided there; and a histogram of
all others. So memory is bounded: about 20 bytes per kept pair (three in a hundred), beside one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dgnet.retrieval.arrays import (
    EvaluationError,
    FeatureArray,
    Int64Array,
    LabelArray,
    feature_matrix,
    label_vector,
    largest_norm,
    same_width,
)
from dgnet.retrieval.kernel.products import inner_products
from dgnet.retrieval.verification import count_in_bins, power_of_two_above

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]

KEPT_SHARE = 0.03  # of the pairs of different people, so many are kept: three times the largest usual false-accept rate
_BLOCK_VALUES = 1 << 22
_PROGRESS_PRODUCTS = 10**10
SEVERAL = -1  # in place of the second camera: those that share too few people with the first, taken together
_SAMPLE = 20_000  # pairs from which the similarity is estimated that `KEPT_SHARE` of a kind exceed


@dataclass(frozen=True)
class Kind:
    """All pairs between two cameras (equal for pairs of one camera); `cameras` is None where cameras are not known.

    Args:
        same: similarities of the pairs of one person, descending; `same_person` says of whom.
        top: the highest similarities of pairs of two people, descending: all that are at least `cut`; `first` and
            `second` say of whom. -inf as `cut` means that all are there.
        num_different: how many pairs of two people there are.
        counts: histogram of the similarities of all pairs of two people, over [-bound, bound).
        left, right: for each person, the images by the first camera and by the second.
    """

    cameras: tuple[int, int] | None
    same: Float32Array
    same_person: Int32Array
    top: Float32Array
    first: Int32Array
    second: Int32Array
    cut: float
    num_different: int
    counts: Int64Array
    bound: float
    left: Int64Array
    right: Int64Array


def kinds_of_pairs(
    features: FeatureArray,
    people: LabelArray,
    camids: LabelArray | None,
    *,
    same_camera: bool = False,
    min_people: int = 0,
    num_bins: int = 1 << 14,
    kept_share: float = KEPT_SHARE,
    block_values: int = _BLOCK_VALUES,
    progress: bool = True,
) -> Iterator[Kind]:
    """The pairs of N images, one pair of cameras after another.

    Args:
        features: N×F; similarity is the inner product, in float32.
        people: N labels; images with equal labels show one person.
        camids: N cameras, or None where they are not known.
        same_camera: keep pairs of one person by one camera, which are left out otherwise where cameras are known: two
            pictures of one camera are often two moments of one walk, and alike for that.
        min_people: two cameras that fewer people were seen by both are no kind of their own: all such partners of one
            camera are taken together, so that hundreds of cameras are not ten thousands of kinds.
        kept_share: a lower bound, up to sampling, of the share of pairs of two people that `top` holds, of this kind
            and of all kinds together.

    Raises EvaluationError on features that are not finite, wrong lengths or unknown (negative) cameras.
    """
    matrix = feature_matrix(features, "features", "cpu")
    same_width(matrix, matrix)
    numbers = label_vector(people, "people", len(matrix))
    labels = np.unique(numbers, return_inverse=True)[1].astype(np.int32)
    cameras = None if camids is None else label_vector(camids, "camids", len(matrix))
    if cameras is not None and (cameras < 0).any():
        raise EvaluationError(
            f"camids: {np.count_nonzero(cameras < 0)} images of unknown camera; name every camera, or give none"
        )
    places = [np.arange(len(matrix))] if cameras is None else [np.flatnonzero(cameras == c) for c in np.unique(cameras)]
    bound = power_of_two_above(largest_norm(matrix) ** 2)
    overall = _cut(matrix, labels, np.arange(len(matrix)), np.arange(len(matrix)), kept_share)
    small = len(matrix) ** 2 * matrix.shape[1] < _PROGRESS_PRODUCTS
    total = len(matrix) * (len(matrix) - 1) // 2
    shared = shared_people(labels, cameras)
    with tqdm(total=total, desc="pairs", unit="pair", unit_scale=True, disable=small or not progress) as bar:
        for index, rows in enumerate(places):
            own = None if cameras is None else int(cameras[rows[0]])
            others = [(other, places[other]) for other in range(index + 1, len(places))]
            parts = [(own, rows)]
            parts += [(SEVERAL, columns) for other, columns in others if shared[index, other] < min_people]
            parts = _taken_together(parts)
            if cameras is not None:
                parts += [(int(cameras[at[0]]), at) for other, at in others if shared[index, other] >= min_people]
            for partner, columns in parts:
                kind = None if own is None or partner is None else (own, partner)
                keep_same = same_camera or kind is None or kind[0] != kind[1]
                cut = min(overall, _cut(matrix, labels, rows, columns, kept_share))
                yield _kind(matrix, labels, rows, columns, kind, keep_same, cut, num_bins, bound, block_values, bar)


def shared_people(labels: LabelArray, cameras: Int64Array | None) -> Int64Array:
    """C×C: how many people were seen by both of two cameras, in the order of their numbers; by one, on the diagonal."""
    numbers = np.unique(np.asarray(labels), return_inverse=True)[1]
    if cameras is None:
        return np.array([[numbers.max() + 1]])
    places = np.unique(cameras, return_inverse=True)[1]
    seen = np.zeros((numbers.max() + 1, places.max() + 1), dtype=np.float32)
    seen[numbers, places] = 1
    return (seen.T @ seen).round().astype(np.int64)


def _taken_together(parts: list[tuple[int | None, Int64Array]]) -> list[tuple[int | None, Int64Array]]:
    """The first part as it is, and the places of all others as one part."""
    first, *rest = parts
    return [first, (SEVERAL, np.concatenate([columns for _, columns in rest]))] if rest else [first]


def _kind(
    matrix: torch.Tensor,
    labels: Int32Array,
    rows: Int64Array,
    columns: Int64Array,
    cameras: tuple[int, int] | None,
    keep_same: bool,
    cut: float,
    num_bins: int,
    bound: float,
    block_values: int,
    bar: tqdm,
) -> Kind:
    """All pairs of an image of `rows` with one of `columns`; where the two are equal, each pair once."""
    within = rows is columns
    right = matrix[torch.from_numpy(columns)]
    height = max(1, block_values // len(columns))
    counts = np.zeros(num_bins, dtype=np.int64)
    sames: list[tuple[Float32Array, Int32Array]] = []
    tops: list[tuple[Float32Array, Int32Array, Int32Array]] = []
    for start in range(0, len(rows), height):
        some = rows[start : start + height]
        values = torch.from_numpy(np.empty((len(some), len(columns)), np.float32))
        inner_products(matrix[torch.from_numpy(some)], right, values)
        block = values.numpy()
        alike = labels[some][:, None] == labels[columns]
        valid = np.arange(len(columns)) > np.arange(start, start + len(some))[:, None] if within else True
        if keep_same:
            row, column = np.nonzero(alike & valid)
            sames.append((block[row, column], labels[some[row]]))
        apart = ~alike & valid
        counts += count_in_bins(block[apart], bound, num_bins)
        row, column = np.nonzero(apart & (block >= cut))
        a, b = labels[some[row]], labels[columns[column]]
        tops.append((block[row, column], np.minimum(a, b), np.maximum(a, b)))
        bar.update(int(np.count_nonzero(valid)) if within else block.size)
    size = int(labels.max()) + 1
    left, right_images = (np.bincount(labels[images], minlength=size) for images in (rows, columns))
    return _sorted_kind(cameras, sames, tops, cut, counts, bound, left, right_images)


def _sorted_kind(
    cameras: tuple[int, int] | None,
    sames: list[tuple[Float32Array, Int32Array]],
    tops: list[tuple[Float32Array, Int32Array, Int32Array]],
    cut: float,
    counts: Int64Array,
    bound: float,
    left: Int64Array,
    right: Int64Array,
) -> Kind:
    """A `Kind` of parts in any order: `sames` (similarity, person), and of `tops` those of at least `cut`."""
    nobody = (np.empty(0, np.float32), np.empty(0, np.int32))
    same, person = (np.concatenate(parts) for parts in zip(nobody, *sames, strict=True))
    top, first, second = (np.concatenate(parts) for parts in zip(*tops, strict=True))
    kept = np.flatnonzero(top >= cut)
    order, descending = kept[np.argsort(-top[kept], kind="stable")], np.argsort(-same, kind="stable")
    return Kind(
        cameras=cameras,
        same=same[descending],
        same_person=person[descending],
        top=top[order],
        first=first[order],
        second=second[order],
        cut=cut,
        num_different=int(counts.sum()),
        counts=counts,
        bound=bound,
        left=left,
        right=right,
    )


def _cut(matrix: torch.Tensor, labels: Int32Array, rows: Int64Array, columns: Int64Array, share: float) -> float:
    """A similarity that somewhat more than `share` of the pairs of two people reach; -inf where there are few."""
    if len(rows) * len(columns) <= _SAMPLE / share:
        return -np.inf
    generator = np.random.default_rng(0)
    left = rows[generator.integers(0, len(rows), _SAMPLE)]
    right = columns[generator.integers(0, len(columns), _SAMPLE)]
    apart = labels[left] != labels[right]
    if not apart.any():
        return -np.inf
    chosen = torch.from_numpy(np.stack([left[apart], right[apart]]))
    ends = range(0, chosen.shape[1], 2048)
    parts = [matrix[chosen[:, start : start + 2048]].prod(dim=0).sum(dim=1).numpy() for start in ends]
    return float(np.quantile(np.concatenate(parts), 1 - share))


def together(kinds: Iterable[Kind]) -> Kind:
    """All kinds as one, whatever the cameras: `left` and `right` are then each person's images by any camera."""
    tops: list[tuple[Float32Array, Int32Array, Int32Array]] = []
    sames: list[tuple[Float32Array, Int32Array]] = []
    cut, bound, counts, images = -np.inf, 0.0, np.zeros(0, np.int64), np.zeros(0, np.int64)
    for kind in kinds:
        tops.append((kind.top, kind.first, kind.second))
        sames.append((kind.same, kind.same_person))
        cut, bound = max(cut, kind.cut), kind.bound
        counts = counts + kind.counts if len(counts) else kind.counts
        # Every camera stands once with itself, and there as many images are on the left as on the right.
        if kind.cameras is None or kind.cameras[0] == kind.cameras[1]:
            images = images + kind.left if len(images) else kind.left
    return _sorted_kind(None, sames, tops, cut, counts, bound, images, images)
