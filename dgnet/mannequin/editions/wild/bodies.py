"""Bodies from childhood to old age, with hair, hats, bags and what else people walk with."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from dgnet.mannequin.body.physique import BagKind, Extra, HairCut, HatKind, Physique
from dgnet.mannequin.editions.wild.colours import draw_hair, draw_leather, draw_vivid, draw_worn

_T = TypeVar("_T")
_MALE: dict[HairCut, float] = {
    HairCut.SHAVED: 3, HairCut.SHORT: 8, HairCut.FULL: 4, HairCut.CURLY: 2, HairCut.BOB: 0.4, HairCut.TAIL: 0.5,
}  # fmt: skip
_FEMALE: dict[HairCut, float] = {
    HairCut.LONG: 6, HairCut.TAIL: 5, HairCut.BOB: 4, HairCut.BUN: 2, HairCut.FULL: 2, HairCut.CURLY: 2,
    HairCut.SHORT: 1.5,
}  # fmt: skip
_BAGS: dict[BagKind, float] = {
    BagKind.NONE: 42, BagKind.BACKPACK: 16, BagKind.SHOULDER: 10, BagKind.SATCHEL: 8, BagKind.HAND: 9,
    BagKind.TOTE: 7, BagKind.RUCKSACK: 3, BagKind.BELT: 2, BagKind.SUITCASE: 3,
}  # fmt: skip
_HATS: dict[HatKind, float] = {HatKind.NONE: 84, HatKind.CAP: 8, HatKind.BEANIE: 4, HatKind.BRIM: 3, HatKind.HELMET: 1}
_EXTRAS: dict[Extra, float] = {Extra.NONE: 942, Extra.UMBRELLA: 16, Extra.PRAM: 12, Extra.BICYCLE: 30}
_MASKS = ((0.93, 0.94, 0.95), (0.55, 0.72, 0.86), (0.08, 0.08, 0.09))


def draw_physique(rng: np.random.Generator) -> Physique:
    """One body and all that is on it but clothes."""
    male = bool(rng.random() < 0.5)
    age = _draw_age(rng)
    old = age > 0.88
    return Physique(
        gender=float(rng.uniform(0.0, 0.30) if male else rng.uniform(0.70, 1.0)),
        age=age,
        muscle=float(rng.uniform(0.25, 0.80)),
        weight=float(rng.beta(2.0, 2.4) * 0.9 + 0.1),
        height=float(np.clip(rng.normal(0.5, 0.08), 0.28, 0.72)),
        proportions=float(rng.uniform(0.2, 0.9)),
        hair=_pick(_MALE if male else _FEMALE, rng),
        hair_colour=(0.72, 0.71, 0.70) if old and rng.random() < 0.7 else draw_hair(rng),
        beard=bool(male and age > 0.62 and rng.random() < 0.25),
        bag=_pick(_BAGS, rng),
        bag_colour=_thing_colour(rng),
        left=bool(rng.random() < 0.5),
        hat=_pick(_HATS, rng),
        hat_colour=_thing_colour(rng),
        glasses=bool(rng.random() < 0.18),
        mask=_MASKS[int(rng.integers(len(_MASKS)))] if rng.random() < 0.06 else None,
        extra=_pick(_EXTRAS, rng) if age > 0.6 else Extra.NONE,
        extra_colour=_thing_colour(rng),
    )


def _draw_age(rng: np.random.Generator) -> float:
    """`anny`'s age: 1/3 a child, 2/3 young, 1 old."""
    kind = rng.random()
    if kind < 0.06:
        return float(rng.uniform(0.40, 0.56))
    if kind < 0.88:
        return float(rng.uniform(0.60, 0.86))
    return float(rng.uniform(0.86, 1.0))


def _thing_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    kind = rng.random()
    return draw_worn(rng) if kind < 0.55 else draw_leather(rng) if kind < 0.75 else draw_vivid(rng)


def _pick(weights: dict[_T, float], rng: np.random.Generator) -> _T:
    values = np.array([*weights.values()], float)
    return [*weights][int(rng.choice(len(values), p=values / values.sum()))]
