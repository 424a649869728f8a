"""Structure: all that a swap keeps of an image, that is the body and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.body.physique import Physique
from dgnet.mannequin.scene.camera import Camera
from dgnet.mannequin.scene.light import Light


class Backdrop(Protocol):
    """What stands behind a person."""

    def paint(self, height: int, width: int) -> Floats:
        """H x W x 3 in [0, 1], the same picture at every size."""
        ...


class Occluder(Protocol):
    """What stands between camera and person."""

    def over(self, image: Floats) -> Floats:
        """`image` (H x W x 3) with the thing drawn over it."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant before one camera.

    `azimuth` 0 walks towards the camera (radians); `shift` moves the person right and down in fractions of the image's
    width and height; `scale` is how much of the height an average person fills; `exposure` is a log gain beside the
    camera's own; `noise_seed` fixes the sensor's noise.
    """

    camera: Camera
    light: Light
    backdrop: Backdrop
    azimuth: float
    phase: float
    stride: float
    arms: Arms
    gaze: float
    shift: tuple[float, float]
    scale: float
    exposure: float
    occluders: tuple[Occluder, ...]
    noise_seed: int


@dataclass(frozen=True)
class Structure:
    """A body in a moment."""

    physique: Physique
    moment: Moment
