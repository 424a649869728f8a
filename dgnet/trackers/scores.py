"""How well a tracker keeps people apart: IDF1 (Ristani et al. 2016), and identity switches as CLEAR MOT counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dgnet.errors import DgnetError

Floats = npt.NDArray[np.float64]
# For each frame (ids, boxes): one id per box, and N x 4 boxes x1, y1, x2, y2.
Tracks = Sequence[tuple[Sequence[Any], Floats]]


class ScoreError(DgnetError, ValueError):
    """Tracks that cannot be scored; the message says what was found."""


@dataclass(frozen=True)
class TrackScores:
    """Figures of a tracker on one film.

    `idf1`: 2 IDTP / (true boxes + found boxes), where IDTP counts the found boxes that lie on the person to whom their
    track is given by the best one-to-one assignment of tracks to people over the whole film. `num_switches`: how often
    a person's box is found by another track than the last time. `num_missed`, `num_false`: true boxes that no found box
    was matched to, and the reverse.
    """

    idf1: float
    num_switches: int
    num_missed: int
    num_false: int
    num_people: int
    num_tracks: int


def score_tracks(truth: Tracks, found: Tracks, *, least_iou: float = 0.5) -> TrackScores:
    """Compare a tracker's boxes with the true ones.

    Args:
        truth, found: per frame ids and boxes; see `Tracks`.
        least_iou: of a found and a true box that may be one person's.

    Raises:
        ScoreError: the numbers of frames differ, an id is there twice in one frame, or nobody is in the film.
        ModuleNotFoundError: scipy is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ModuleNotFoundError('scoring tracks needs scipy: pip install "dgnet[trackers]"') from error
    if len(truth) != len(found):
        raise ScoreError(f"found {len(found)} frames of tracks, must be as many as there are true ones: {len(truth)}")
    for name, tracks in (("true", truth), ("found", found)):
        for number, (ids, boxes) in enumerate(tracks):
            if len(set(ids)) < len(ids) or len(ids) != len(boxes):
                raise ScoreError(
                    f"frame {number}: {len(ids)} {name} ids {list(ids)} of {len(boxes)} boxes, must differ"
                )
    num_true, num_found = (sum(len(ids) for ids, _ in tracks) for tracks in (truth, found))
    if not num_true:
        raise ScoreError("no true boxes: nobody is in the film")
    people, tracks = (sorted({one for ids, _ in side for one in ids}, key=str) for side in (truth, found))
    together = np.zeros((len(people), len(tracks)), np.int64)  # frames in which both boxes overlap enough
    last: dict[Any, Any] = {}  # person: the track that found them last
    num_switches = num_matched = 0
    for (pids, boxes), (ids, others) in zip(truth, found, strict=True):
        overlaps = iou(boxes, others)
        near = overlaps >= least_iou
        for row, column in zip(*np.nonzero(near), strict=True):
            together[people.index(pids[row]), tracks.index(ids[column])] += 1
        matched = _matched(pids, ids, overlaps, near, last, linear_sum_assignment)
        for pid, track in matched.items():
            num_switches += pid in last and last[pid] != track
            last[pid] = track
        num_matched += len(matched)
    rows, columns = linear_sum_assignment(together, maximize=True)
    right = int(together[rows, columns].sum())
    return TrackScores(
        idf1=2 * right / (num_true + num_found),
        num_switches=num_switches,
        num_missed=num_true - num_matched,
        num_false=num_found - num_matched,
        num_people=len(people),
        num_tracks=len(tracks),
    )


def iou(first: Floats, second: Floats) -> Floats:
    """Intersection over union of boxes N x 4 and M x 4: N x M; 0 where both are without area."""
    first, second = np.asarray(first, np.float64).reshape(-1, 1, 4), np.asarray(second, np.float64).reshape(1, -1, 4)
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = [np.clip(boxes[..., 2:] - boxes[..., :2], 0, None).prod(-1) for boxes in (first, second)]
    union = areas[0] + areas[1] - shared
    result: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def _matched(
    pids: Sequence[Any],
    ids: Sequence[Any],
    overlaps: Floats,
    near: npt.NDArray[np.bool_],
    last: dict[Any, Any],
    assign: Any,
) -> dict[Any, Any]:
    """Which track found which person in one frame: first whoever did the last time and still does, then the best."""
    matched: dict[Any, Any] = {}
    for row, pid in enumerate(pids):
        for column, track in enumerate(ids):
            if last.get(pid) == track and pid in last and near[row, column] and track not in matched.values():
                matched[pid] = track
    rest_rows = [row for row, pid in enumerate(pids) if pid not in matched]
    rest_columns = [column for column, track in enumerate(ids) if track not in matched.values()]
    if rest_rows and rest_columns:
        part = np.ix_(rest_rows, rest_columns)
        # A pair that is too far apart costs more than all others together, so as many as can be are matched.
        cost = np.where(near[part], 1 - overlaps[part], 1e6)
        for i, j in zip(*assign(cost), strict=True):
            if near[rest_rows[i], rest_columns[j]]:
                matched[pids[rest_rows[i]]] = ids[rest_columns[j]]
    return matched
