"""Structure that belongs to an identity: body build, height, hair and bag."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.clothes.palette import BAG, HAIR, Colour, draw_colour


class HairCut(enum.Enum):
    """Hair styles that can be told apart on a small image."""

    SHAVED = "shaved"
    SHORT = "short"
    FULL = "full"
    BOB = "bob"
    LONG = "long"
    TAIL = "tail"
    BUN = "bun"
    CURLY = "curly"


class BagKind(enum.Enum):
    """What is carried."""

    NONE = "none"
    BACKPACK = "backpack"
    SHOULDER = "shoulder"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Physique:
    """A body, its hair and its bag. Body numbers are `anny` phenotypes in [0, 1]; `left` is the side of the bag."""

    gender: float
    age: float
    muscle: float
    weight: float
    height: float
    proportions: float
    hair: HairCut
    hair_colour: Colour
    beard: bool
    bag: BagKind
    bag_colour: Colour
    left: bool

    @staticmethod
    def neutral() -> Physique:
        """The middle of every range, bare-headed and with empty hands."""
        half, black = 0.5, (0.1, 0.1, 0.1)
        return Physique(half, 0.6, half, half, half, half, HairCut.SHAVED, black, False, BagKind.NONE, black, True)


MALE_CUTS = (HairCut.SHAVED, HairCut.SHORT, HairCut.SHORT, HairCut.SHORT, HairCut.FULL, HairCut.FULL, HairCut.CURLY)
FEMALE_CUTS = (
    HairCut.LONG,
    HairCut.LONG,
    HairCut.TAIL,
    HairCut.TAIL,
    HairCut.BUN,
    HairCut.BOB,
    HairCut.FULL,
    HairCut.CURLY,
)
BAGS = (BagKind.NONE, BagKind.NONE, BagKind.NONE, BagKind.BACKPACK, BagKind.SHOULDER, BagKind.HAND)


def draw_physique(rng: np.random.Generator) -> Physique:
    """One body, its hair and its bag."""
    male = rng.random() < 0.5
    cuts = MALE_CUTS if male else FEMALE_CUTS
    return Physique(
        gender=float(rng.uniform(0.05, 0.25) if male else rng.uniform(0.75, 0.95)),
        age=float(rng.uniform(0.62, 0.9)),
        muscle=float(rng.uniform(0.35, 0.75)),
        weight=float(rng.beta(2.0, 2.4) * 0.75 + 0.2),
        height=float(np.clip(rng.normal(0.5, 0.05), 0.39, 0.61)),
        proportions=float(rng.uniform(0.3, 0.8)),
        hair=cuts[int(rng.integers(len(cuts)))],
        hair_colour=draw_colour(HAIR, rng),
        beard=bool(male and rng.random() < 0.3),
        bag=BAGS[int(rng.integers(len(BAGS)))],
        bag_colour=draw_colour(BAG, rng),
        left=bool(rng.random() < 0.5),
    )
