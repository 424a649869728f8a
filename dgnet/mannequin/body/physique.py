"""Structure that belongs to an identity: body build, height, hair, and all that is carried or worn on the head."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dgnet.mannequin.colour import Colour


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
    RUCKSACK = "rucksack"  # larger than a backpack, above the shoulders
    SATCHEL = "satchel"  # a strap across the chest, the bag at the hip
    TOTE = "tote"  # under the arm, from the shoulder
    BELT = "belt"  # a pouch before the belly
    SUITCASE = "suitcase"  # on wheels, behind


class HatKind(enum.Enum):
    """What is worn on the head."""

    NONE = "none"
    CAP = "cap"
    BEANIE = "beanie"
    BRIM = "brim"
    HELMET = "helmet"


class Extra(enum.Enum):
    """Rare things that people walk with."""

    NONE = "none"
    UMBRELLA = "umbrella"
    PRAM = "pram"
    BICYCLE = "bicycle"  # pushed along


@dataclass(frozen=True, slots=True)
class Physique:
    """A body, its hair, bag and hat. Body numbers are `anny` phenotypes in [0, 1]; `left` is the side of the bag."""

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
    hat: HatKind = HatKind.NONE
    hat_colour: Colour = (0.1, 0.1, 0.1)
    glasses: bool = False
    mask: Colour | None = None
    extra: Extra = Extra.NONE
    extra_colour: Colour = (0.1, 0.1, 0.1)

    @staticmethod
    def neutral() -> Physique:
        """The middle of every range, bare-headed and with empty hands."""
        half, black = 0.5, (0.1, 0.1, 0.1)
        return Physique(half, 0.6, half, half, half, half, HairCut.SHAVED, black, False, BagKind.NONE, black, True)
