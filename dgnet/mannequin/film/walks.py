"""Who is where in which frame: people cross the view, leave it, and come back the other way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dgnet.mannequin.body.physique import Extra
from dgnet.mannequin.editions.edition import EditionError, Identity, generator
from dgnet.mannequin.editions.wild.edition import Wild

FRAMES_PER_SECOND: Final = 10
NEAR, FAR = 7.0, 12.0  # metres from the camera
SIDE = 4.6  # metres to either side of the middle where nobody is seen any more, at 12 metres
STRIDE_LENGTH = 1.45  # metres of two steps
_STREAM = 201
POPULATION = 1000  # pids that are tried until there are enough outfits


@dataclass(frozen=True)
class Pose:
    """A person in one frame: `x` metres to the right of the middle, `z` from the camera; see `Moment` for the rest."""

    x: float
    z: float
    azimuth: float
    phase: float


@dataclass(frozen=True)
class Leg:
    """A straight walk from `start` to `end` (x, z), in the frames `first` to `last`."""

    first: int
    last: int
    start: tuple[float, float]
    end: tuple[float, float]

    def pose(self, frame: int) -> Pose:
        """Where the person is in a frame of this leg."""
        share = (frame - self.first) / max(1, self.last - self.first)
        dx, dz = self.end[0] - self.start[0], self.end[1] - self.start[1]
        walked = share * math.hypot(dx, dz)
        azimuth = math.atan2(-dx, -dz)  # 0 faces the camera, -pi / 2 walks to the right of the picture
        x, z = self.start[0] + share * dx, self.start[1] + share * dz
        return Pose(x, z, azimuth, 2 * math.pi * walked / STRIDE_LENGTH)


@dataclass(frozen=True)
class Walker:
    """A person and their legs, which follow each other; between them the person is out of sight."""

    person: Identity
    legs: tuple[Leg, ...]

    def pose(self, frame: int) -> Pose | None:
        """Where the person is; None while out of sight."""
        return next((leg.pose(frame) for leg in self.legs if leg.first <= frame <= leg.last), None)


def draw_walkers(seed: int, num_people: int, num_frames: int) -> list[Walker]:
    """People of different outfits who cross the view again and again, each in a lane of their own for each crossing.

    Nobody pushes a bicycle or a pram, which no detector's box of a person includes. Everyone turns out of sight, stays
    away for one to four seconds, and comes back where they left.

    Raises:
        EditionError: there are fewer than one person or frame, or more people than outfits.
    """
    if num_people < 1 or num_frames < 1:
        raise EditionError(f"a film needs people and frames: found {num_people} people and {num_frames} frames")
    wild, people = Wild(), list[Identity]()
    for pid in range(1, POPULATION):
        if len(people) < num_people and not any(wild.same_outfit(pid, one.pid) for one in people):
            person = wild.identity(seed, pid)
            if person.physique.extra is Extra.NONE:
                people.append(person)
    if len(people) < num_people:
        raise EditionError(f"a film of {num_people} people: found {len(people)} outfits; give fewer people")
    return [_walker(person, generator(seed, _STREAM, person.pid), num_frames) for person in people]


def _walker(person: Identity, rng: np.random.Generator, num_frames: int) -> Walker:
    side = 1.0 if rng.random() < 0.5 else -1.0
    speed = float(rng.uniform(1.1, 1.6)) / FRAMES_PER_SECOND
    legs: list[Leg] = []
    # The first crossing has begun before the film does, so that there are people in its first frame.
    frame = -int(rng.uniform(0, 0.7) * 2 * SIDE / speed)
    while frame < num_frames:
        z = float(rng.uniform(NEAR, FAR))
        reach = SIDE * z / FAR + 0.5
        start, end = (-side * reach, z), (side * reach, z + float(rng.uniform(-0.8, 0.8)))
        last = frame + max(1, round(2 * reach / speed))
        legs.append(Leg(frame, last, start, end))
        frame = last + int(rng.uniform(1, 4) * FRAMES_PER_SECOND)
        side = -side
    return Walker(person, tuple(legs))
