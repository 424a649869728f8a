"""The people of the six cameras: bodies, and what changes from one image of a person to the next."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.body.physique import BagKind, HairCut, Physique
from dgnet.mannequin.editions.cameras.palette import BAG, HAIR, draw_colour
from dgnet.mannequin.editions.cameras.stations import station
from dgnet.mannequin.editions.cameras.views import Window
from dgnet.mannequin.scene.foreground import Thing, ThingKind
from dgnet.mannequin.structure import Moment

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

# E_s sees grey, normalised maps: light that changed from image to image could not be read off the structure, and no
# swap could be right. What a camera does to colour is its own, and is learnt.
EXPOSURE_SPREAD = 0.02

_ARMS = (Arms.SWING, Arms.SWING, Arms.SWING, Arms.PHONE, Arms.EAR, Arms.POCKETS)


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


def draw_passage(physique: Physique, camid: int, count: int, rng: np.random.Generator) -> list[Moment]:
    """`count` moments of one walk past a camera: heading, arms, place and light hold, phase and position go on."""
    here = station(camid)
    heading = here.headings[int(rng.integers(len(here.headings)))] + float(rng.normal(0, 0.45))
    arms = _ARMS[int(rng.integers(len(_ARMS)))]
    if physique.bag is BagKind.BACKPACK and rng.random() < 0.3:
        arms = Arms.STRAP
    stride = float(rng.uniform(0.15, 1.0))
    place, zoom = float(rng.uniform(0, 1)), float(rng.uniform(1.0, 1.3))
    moments = []
    for _ in range(count):
        azimuth = heading + float(rng.normal(0, 0.3))
        phase = float(rng.uniform(0, 2 * math.pi))
        now = float(np.clip(stride + rng.normal(0, 0.12), 0.05, 1.1))
        gaze = float(rng.normal(0, 0.35))
        shift = (float(rng.normal(0, 0.04)), float(rng.normal(0, 0.018)))
        scale = float(rng.uniform(0.81, 0.92))
        window = Window(here.view, float(np.clip(place + rng.normal(0, 0.06), 0, 1)), zoom)
        exposure = float(rng.normal(0, EXPOSURE_SPREAD))
        moments.append(
            Moment(
                camera=here.camera,
                light=here.light,
                backdrop=window,
                azimuth=azimuth,
                phase=phase,
                stride=now,
                arms=arms,
                gaze=gaze,
                shift=shift,
                scale=scale,
                exposure=exposure,
                occluders=_draw_occluders(rng),
                noise_seed=int(rng.integers(2**32)),
            )
        )
    return moments


def _draw_occluders(rng: np.random.Generator) -> tuple[Thing, ...]:
    if rng.random() > 0.16:
        return ()
    kind = list(ThingKind)[int(rng.integers(len(ThingKind)))]
    return (Thing(kind, float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.62, 0.85)), float(rng.random())),)
