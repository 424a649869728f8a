"""Structure of the moment: what changes from one image of a person to the next."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.body.physique import BagKind, Physique
from dgnet.mannequin.scene.cameras import camera


class OccluderKind(enum.Enum):
    """Things that stand between camera and person."""

    POST = "post"
    RAILING = "railing"
    PLANTER = "planter"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Occluder:
    """A thing in front: its middle (fraction of the width), its upper edge (fraction of the height), its tint 0..1."""

    kind: OccluderKind
    middle: float
    top: float
    tint: float


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant before one camera.

    `azimuth` 0 walks towards the camera (radians); `shift` moves the person right and down in fractions of the image's
    width and height; `scale` is how much of the height an average person fills; `place` is where before the backdrop;
    `exposure` (log gain) barely varies around the camera's own; `noise_seed` fixes the sensor's noise.
    """

    camid: int
    azimuth: float
    phase: float
    stride: float
    arms: Arms
    gaze: float
    shift: tuple[float, float]
    scale: float
    place: float
    zoom: float
    exposure: float
    occluder: Occluder | None
    noise_seed: int


# E_s sees grey, normalised maps: light that changed from image to image could not be read off the structure, and no
# swap could be right. What a camera does to colour is its own, and is learnt.
EXPOSURE_SPREAD = 0.02

_ARMS = (Arms.SWING, Arms.SWING, Arms.SWING, Arms.PHONE, Arms.EAR, Arms.POCKETS)


def draw_passage(physique: Physique, camid: int, count: int, rng: np.random.Generator) -> list[Moment]:
    """`count` moments of one walk past a camera: heading, arms, place and light hold, phase and position go on."""
    headings = camera(camid).headings
    heading = headings[int(rng.integers(len(headings)))] + float(rng.normal(0, 0.45))
    arms = _ARMS[int(rng.integers(len(_ARMS)))]
    if physique.bag is BagKind.BACKPACK and rng.random() < 0.3:
        arms = Arms.STRAP
    stride = float(rng.uniform(0.15, 1.0))
    place, zoom = float(rng.uniform(0, 1)), float(rng.uniform(1.0, 1.3))
    return [
        Moment(
            camid=camid,
            azimuth=heading + float(rng.normal(0, 0.3)),
            phase=float(rng.uniform(0, 2 * math.pi)),
            stride=float(np.clip(stride + rng.normal(0, 0.12), 0.05, 1.1)),
            arms=arms,
            gaze=float(rng.normal(0, 0.35)),
            shift=(float(rng.normal(0, 0.04)), float(rng.normal(0, 0.018))),
            scale=float(rng.uniform(0.81, 0.92)),
            place=float(np.clip(place + rng.normal(0, 0.06), 0, 1)),
            zoom=zoom,
            exposure=float(rng.normal(0, EXPOSURE_SPREAD)),
            occluder=_draw_occluder(rng),
            noise_seed=int(rng.integers(2**32)),
        )
        for _ in range(count)
    ]


def _draw_occluder(rng: np.random.Generator) -> Occluder | None:
    if rng.random() > 0.16:
        return None
    kind = list(OccluderKind)[int(rng.integers(len(OccluderKind)))]
    return Occluder(kind, float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.62, 0.85)), float(rng.random()))
