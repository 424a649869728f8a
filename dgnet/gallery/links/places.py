"""Not twice at the same time in two places: which images, or tracks, cannot be of one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.errors import DgnetError
from dgnet.retrieval.arrays import Int64Array


class LinkError(DgnetError, ValueError):
    """A gallery that cannot be linked, or an option that does not fit it; the message says which and what to do."""


@dataclass(frozen=True)
class Rules:
    """What it means to be in two places at once.

    Args:
        overlap: pairs of cameras that see one place in part, so that one person may be seen by both at one time.
        apart: seconds that two images by other cameras must lie apart, if one person is to be on both: the least time
            that the way between two cameras takes. 0 excludes only one and the same moment.
        frames: times are those of single frames, so two images by one camera at one time show two people. Tracks of one
            camera that are there at one time always do.
    """

    overlap: frozenset[frozenset[str]] = frozenset()
    apart: float = 0.0
    frames: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.apart < float("inf"):
            raise LinkError(f"apart: found {self.apart}, must be seconds, 0 or more")


def read_overlaps(texts: Iterable[str], cameras: Iterable[str]) -> frozenset[frozenset[str]]:
    """Overlaps as they are written, `CAMERA,CAMERA[,CAMERA...]` each: all pairs of those named see one place.

    Raises LinkError for fewer than two cameras, or one that the gallery does not have.
    """
    known = sorted({camera for camera in cameras if camera})
    pairs = set()
    for text in texts:
        names = [name.strip() for name in text.split(",")]
        if len(set(names)) < 2:
            raise LinkError(f"overlap: found {text!r}, must name two cameras or more, such as c1,c2")
        for name in names:
            if name not in known:
                raise LinkError(f"overlap: no camera {name!r} in the gallery, which has {', '.join(known) or 'none'}")
        pairs |= {frozenset((a, b)) for a in names for b in names if a != b}
    return frozenset(pairs)


@dataclass(frozen=True)
class Presence:
    """Where and when each of U units (a track, or an image without one) was.

    `camera` -1 and times NaN are unknown: such a unit excludes nothing. `may_meet[a, b]`: cameras that overlap.
    """

    camera: Int64Array
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    tracked: npt.NDArray[np.bool_]
    may_meet: npt.NDArray[np.bool_]
    rules: Rules

    def conflict(self, first: Sequence[int], second: Sequence[int]) -> bool:
        """Whether any unit of `first` cannot be the same person as one of `second`."""
        a, b = np.asarray(first)[:, None], np.asarray(second)[None, :]
        camera_a, camera_b = self.camera[a], self.camera[b]
        same = camera_a == camera_b
        # Comparisons with NaN are false, so unknown times exclude nothing.
        gap = np.maximum(self.start[b] - self.end[a], self.start[a] - self.end[b])  # below 0: both there for a while
        certain = self.tracked[a] & self.tracked[b] if not self.rules.frames else True
        here = same & certain & (gap <= 0)
        there = ~same & ~self.may_meet[camera_a, camera_b] & (gap <= self.rules.apart)
        known = (camera_a >= 0) & (camera_b >= 0)
        return bool((known & (here | there)).any())


def presence_of(
    cameras: Sequence[str],
    start: Sequence[float | None],
    end: Sequence[float | None],
    tracked: Sequence[bool],
    rules: Rules,
) -> Presence:
    """The presence of units: a camera's name (empty: unknown), first and last second (None: unknown) of each."""
    names = sorted({camera for camera in cameras if camera})
    number = {name: place for place, name in enumerate(names)}
    may_meet = np.zeros((len(names) + 1, len(names) + 1), dtype=bool)
    for pair in rules.overlap:
        a, b = (number.get(name, len(names)) for name in pair)
        may_meet[a, b] = may_meet[b, a] = True
    return Presence(
        camera=np.array([number.get(camera, -1) for camera in cameras], dtype=np.int64),
        start=np.array([np.nan if value is None else value for value in start], dtype=np.float64),
        end=np.array([np.nan if value is None else value for value in end], dtype=np.float64),
        tracked=np.array(tracked, dtype=bool),
        may_meet=may_meet,
        rules=rules,
    )
