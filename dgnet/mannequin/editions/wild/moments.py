"""What changes from one image of a person to the next: pose, crop, light, backdrop, and what stands in the way."""

from __future__ import annotations

import math

import numpy as np

from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.body.physique import BagKind, Extra, Physique
from dgnet.mannequin.editions.wild.backdrops.scenery import draw_scenery
from dgnet.mannequin.editions.wild.cameras import Site
from dgnet.mannequin.editions.wild.lights import draw_light
from dgnet.mannequin.editions.wild.obstacles import draw_occluders
from dgnet.mannequin.structure import Moment

_ARMS = (Arms.SWING, Arms.SWING, Arms.SWING, Arms.SWING, Arms.PHONE, Arms.EAR, Arms.POCKETS)


def draw_passage(physique: Physique, here: Site, population: int, count: int, rng: np.random.Generator) -> list[Moment]:
    """`count` moments before one camera: heading, arms and light hold, all else is drawn for each image."""
    heading = here.headings[int(rng.integers(len(here.headings)))] + float(rng.normal(0, 0.35))
    arms = _draw_arms(physique, rng)
    stride = 0.1 if rng.random() < 0.15 else float(rng.uniform(0.15, 1.0))
    light = draw_light(here.indoors, rng)
    moments = []
    for _ in range(count):
        scale, shift = draw_crop(here.fill, rng)
        moments.append(
            Moment(
                camera=here.camera,
                light=light,
                backdrop=draw_scenery(here, population, rng),
                azimuth=heading + float(rng.normal(0, 0.35)),
                phase=float(rng.uniform(0, 2 * math.pi)),
                stride=float(np.clip(stride + rng.normal(0, 0.12), 0.03, 1.1)),
                arms=arms,
                gaze=float(rng.normal(0, 0.4)),
                shift=shift,
                scale=scale,
                exposure=float(rng.normal(0, 0.06)),
                occluders=draw_occluders(population, rng),
                noise_seed=int(rng.integers(2**32)),
            )
        )
    return moments


def draw_crop(fill: float, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """(scale, shift) of a crop as detectors make them: most good, some too large, too tight, or cut."""
    kind = rng.random()
    scale, right, down = float(rng.normal(fill, 0.04)), float(rng.normal(0, 0.05)), float(rng.normal(0, 0.025))
    if kind < 0.07:  # the legs are cut off
        scale = float(rng.uniform(1.05, 1.6))
        down = (scale - 0.95) / 2
    elif kind < 0.10:  # the head is
        scale = float(rng.uniform(1.0, 1.25))
        down = -(scale - 0.85) / 2
    elif kind < 0.16:  # too large a box
        scale = float(rng.uniform(0.52, 0.74))
        right, down = float(rng.normal(0, 0.12)), float(rng.normal(0, 0.08))
    elif kind < 0.21:  # one side is cut off
        right = float(rng.choice([-1, 1]) * rng.uniform(0.16, 0.30))
    return float(np.clip(scale, 0.5, 1.6)), (right, down)


def _draw_arms(physique: Physique, rng: np.random.Generator) -> Arms:
    if physique.extra in (Extra.PRAM, Extra.BICYCLE):
        return Arms.PUSH
    if physique.extra is Extra.UMBRELLA:
        return Arms.HOLD
    if physique.bag in (BagKind.BACKPACK, BagKind.RUCKSACK) and rng.random() < 0.25:
        return Arms.STRAP
    return _ARMS[int(rng.integers(len(_ARMS)))]
