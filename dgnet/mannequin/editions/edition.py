"""What every edition offers: its people, its cameras, and what happens before them, all from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dgnet.errors import DgnetError
from dgnet.mannequin.body.physique import Physique
from dgnet.mannequin.clothes.garment import Appearance
from dgnet.mannequin.structure import Moment


class EditionError(DgnetError, ValueError):
    """An edition that cannot be made; the message names the number or the folder."""


@dataclass(frozen=True)
class Identity:
    """A person: what a swap takes (`appearance`) and what it leaves (`physique`)."""

    pid: int
    appearance: Appearance
    physique: Physique


class Edition(Protocol):
    """People and moments, seeded: what is drawn for (seed, pid) or (seed, pid, camid) depends on nothing else."""

    @property
    def num_cameras(self) -> int:
        """Cameras are numbered from 1 to this."""
        ...

    def cameras_of(self, seed: int, pid: int, count: int | None) -> tuple[int, ...]:
        """The cameras that an identity passes, ascending: `count` of them, or as many as the edition draws."""
        ...

    def identity(self, seed: int, pid: int) -> Identity:
        """Person `pid` (>= 1) of the population `seed`."""
        ...

    def same_outfit(self, first: int, second: int) -> bool:
        """Whether two pids wear the same clothes, so that a swap of them would change nothing."""
        ...

    def passage(self, seed: int, person: Identity, camid: int, count: int) -> list[Moment]:
        """`count` moments of the person before a camera."""
        ...


def generator(seed: int, stream: int, *key: int) -> np.random.Generator:
    """Random numbers of their own for each (seed, stream, key)."""
    return np.random.default_rng(np.random.SeedSequence([seed, stream, *key]))
