"""The edition without fixed cameras, wardrobe or backdrops; see `Edition`."""

from __future__ import annotations

import enum
import functools

from dgnet.mannequin.clothes.garment import Appearance
from dgnet.mannequin.editions.edition import Identity, generator
from dgnet.mannequin.editions.wild.bodies import draw_physique
from dgnet.mannequin.editions.wild.cameras import NUM_CAMERAS, site
from dgnet.mannequin.editions.wild.colours import draw_skin
from dgnet.mannequin.editions.wild.moments import draw_passage
from dgnet.mannequin.editions.wild.outfits import draw_outfit, recoloured
from dgnet.mannequin.structure import Moment

FEWEST_CAMERAS, MOST_CAMERAS = 3, 6  # that an identity passes
# Of every eight identities, 1 to 4 dress by themselves, 5 and 6 as the fourth does, and 7 and 8 as the third, but for
# one garment's colour.
GROUP = 8
_TWINS = {5: 4, 6: 4}
_COUSINS = {7: 3, 8: 3}


class _Stream(enum.IntEnum):
    OUTFIT = 102
    PHYSIQUE = 103
    PASSAGE = 104
    CAMERAS = 105
    SKIN = 106
    RECOLOURING = 107


class Wild:
    """Thousands of people, some alike, before cameras, light and backdrops that hardly repeat."""

    num_cameras = NUM_CAMERAS

    def cameras_of(self, seed: int, pid: int, count: int | None) -> tuple[int, ...]:
        """Three to six of all, or `count`: two identities share a camera by chance alone."""
        rng = generator(seed, _Stream.CAMERAS, pid)
        drawn = int(rng.integers(FEWEST_CAMERAS, MOST_CAMERAS + 1))
        chosen = rng.choice(NUM_CAMERAS, count or drawn, replace=False) + 1
        return tuple(sorted(int(camid) for camid in chosen))

    def identity(self, seed: int, pid: int) -> Identity:
        """A person of this population; skin, unlike clothes, is everybody's own."""
        return _identity(seed, pid)

    def same_outfit(self, first: int, second: int) -> bool:
        """Whether both wear the same clothes in the same colours."""
        recoloured_one = first != second and (recolours(first) or recolours(second))
        return outfit_owner(first) == outfit_owner(second) and not recoloured_one

    def passage(self, seed: int, person: Identity, camid: int, count: int) -> list[Moment]:
        """One walk past a camera."""
        rng = generator(seed, _Stream.PASSAGE, person.pid, camid)
        return draw_passage(person.physique, site(seed, camid), seed, count, rng)


@functools.lru_cache(64)  # the images of a person follow each other
def _identity(seed: int, pid: int) -> Identity:
    owner = outfit_owner(pid)
    feminine = draw_physique(generator(seed, _Stream.PHYSIQUE, owner)).gender > 0.5
    outfit = draw_outfit(generator(seed, _Stream.OUTFIT, owner), feminine=feminine)
    if recolours(pid):
        outfit = recoloured(outfit, generator(seed, _Stream.RECOLOURING, pid))
    skin = draw_skin(generator(seed, _Stream.SKIN, pid))
    return Identity(pid, Appearance(outfit, skin), draw_physique(generator(seed, _Stream.PHYSIQUE, pid)))


def outfit_owner(pid: int) -> int:
    """Whose outfit `pid` wears, in its own or other colours."""
    place = (pid - 1) % GROUP + 1
    return pid - place + {**_TWINS, **_COUSINS}.get(place, place)


def recolours(pid: int) -> bool:
    """Whether one garment of `pid` has another colour than its owner's."""
    return (pid - 1) % GROUP + 1 in _COUSINS
