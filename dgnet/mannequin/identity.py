"""People, seeded: every number of an identity is a function of (seed, pid), of a passage of (seed, pid, camera)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.physique import Physique, draw_physique
from dgnet.mannequin.clothes.wardrobe import Appearance, draw_appearance
from dgnet.mannequin.moment import Moment, draw_passage

ALIKE = 3  # of every four identities, this many wear one outfit


class _Stream(enum.IntEnum):
    APPEARANCE = 1
    PHYSIQUE = 2
    PASSAGE = 3


@dataclass(frozen=True)
class Identity:
    """A person: what a swap takes (`appearance`) and what it leaves (`physique`)."""

    pid: int
    appearance: Appearance
    physique: Physique


@dataclass(frozen=True)
class Structure:
    """All that a swap keeps of an image: the body and the moment."""

    physique: Physique
    moment: Moment


def outfit_owner(pid: int) -> int:
    """Whose outfit `pid` wears: of pids 1 to 4, 5 to 8, ... the first has its own, the others share one."""
    place = (pid - 1) % (ALIKE + 1)
    return pid if place == 0 else pid - place + 1


def identity(seed: int, pid: int) -> Identity:
    """Person `pid` (>= 1) of the population `seed`."""
    return Identity(
        pid,
        draw_appearance(_generator(seed, _Stream.APPEARANCE, outfit_owner(pid))),
        draw_physique(_generator(seed, _Stream.PHYSIQUE, pid)),
    )


def passage(seed: int, person: Identity, camid: int, count: int) -> list[Moment]:
    """`count` moments of the person before camera `camid`."""
    return draw_passage(person.physique, camid, count, _generator(seed, _Stream.PASSAGE, person.pid, camid))


def _generator(seed: int, stream: _Stream, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, int(stream), *key]))
