"""The edition of six cameras. Its images never change: results and the bundled data set rest on them."""

from __future__ import annotations

import enum

from dgnet.mannequin.editions.cameras.people import draw_passage, draw_physique
from dgnet.mannequin.editions.cameras.stations import STATIONS
from dgnet.mannequin.editions.cameras.wardrobe import draw_appearance
from dgnet.mannequin.editions.edition import Identity, generator
from dgnet.mannequin.structure import Moment

ALIKE = 3  # of every four identities, this many wear one outfit
CAMERAS_PER_ID = 5


class _Stream(enum.IntEnum):
    APPEARANCE = 1
    PHYSIQUE = 2
    PASSAGE = 3
    CAMERAS = 11


def outfit_owner(pid: int) -> int:
    """Whose outfit `pid` wears: of pids 1 to 4, 5 to 8, ... the first has its own, the others share one."""
    place = (pid - 1) % (ALIKE + 1)
    return pid if place == 0 else pid - place + 1


class SixCameras:
    """See `Edition`."""

    num_cameras = len(STATIONS)

    def cameras_of(self, seed: int, pid: int, count: int | None) -> tuple[int, ...]:
        """Five of the six, or `count`."""
        rng = generator(seed, _Stream.CAMERAS, pid)
        chosen = rng.choice(len(STATIONS), count or CAMERAS_PER_ID, replace=False) + 1
        return tuple(sorted(int(camid) for camid in chosen))

    def identity(self, seed: int, pid: int) -> Identity:
        """A person of this population."""
        return Identity(
            pid,
            draw_appearance(generator(seed, _Stream.APPEARANCE, outfit_owner(pid))),
            draw_physique(generator(seed, _Stream.PHYSIQUE, pid)),
        )

    def same_outfit(self, first: int, second: int) -> bool:
        """Outfits are shared with the skin's colour."""
        return outfit_owner(first) == outfit_owner(second)

    def passage(self, seed: int, person: Identity, camid: int, count: int) -> list[Moment]:
        """One walk past a camera."""
        return draw_passage(person.physique, camid, count, generator(seed, _Stream.PASSAGE, person.pid, camid))


def identity(seed: int, pid: int) -> Identity:
    """Person `pid` (>= 1) of the population `seed`."""
    return SixCameras().identity(seed, pid)


def passage(seed: int, person: Identity, camid: int, count: int) -> list[Moment]:
    """`count` moments of the person before camera `camid`."""
    return SixCameras().passage(seed, person, camid, count)
