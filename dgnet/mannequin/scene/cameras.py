"""Six fixed cameras: where each looks from, what stands behind people, its light and its colour response."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.mannequin.clothes.palette import Colour

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera.

    `pitch` looks down, radians; `headings` are the directions people mostly walk in, radians (0 towards the camera);
    `sun` points to the light (x right, y away from the camera, z up); `key`, `sky` and `ground` are the colours of its
    direct light, of light from above and from below; `gain`, `gamma` and `saturation` are the sensor's; `blur` is a
    Gaussian's sigma in image heights, `noise` a standard deviation in [0, 1].
    """

    backdrop: str
    pitch: float
    headings: tuple[float, ...]
    sun: Vector
    key: Colour
    sky: Colour
    ground: Colour
    gain: Colour
    gamma: float
    saturation: float
    blur: float
    noise: float


CAMERAS: tuple[Camera, ...] = (
    Camera(
        backdrop="plaza", pitch=0.16, headings=(0.1, 3.2), sun=(0.6, -0.6, 0.6), key=(1.05, 1.00, 0.90),
        sky=(0.50, 0.53, 0.58), ground=(0.30, 0.28, 0.25), gain=(1.04, 1.00, 0.94), gamma=0.96, saturation=1.05,
        blur=0.0018, noise=0.005,
    ),
    Camera(
        backdrop="park", pitch=0.10, headings=(1.5, -1.5), sun=(-0.7, -0.3, 0.7), key=(0.85, 0.84, 0.72),
        sky=(0.46, 0.52, 0.52), ground=(0.24, 0.28, 0.20), gain=(0.95, 1.02, 0.93), gamma=1.06, saturation=1.00,
        blur=0.0035, noise=0.007,
    ),
    Camera(
        backdrop="street", pitch=0.22, headings=(0.7, -2.4), sun=(0.2, -0.5, 0.9), key=(0.62, 0.64, 0.68),
        sky=(0.66, 0.69, 0.74), ground=(0.32, 0.32, 0.33), gain=(0.94, 0.99, 1.07), gamma=0.90, saturation=0.80,
        blur=0.0045, noise=0.006,
    ),
    Camera(
        backdrop="corridor", pitch=0.28, headings=(0.0, 3.14), sun=(0.0, -0.4, 1.0), key=(0.66, 0.63, 0.54),
        sky=(0.58, 0.55, 0.49), ground=(0.36, 0.33, 0.28), gain=(1.00, 0.95, 0.86), gamma=1.12, saturation=0.88,
        blur=0.0030, noise=0.009,
    ),
    Camera(
        backdrop="campus", pitch=0.13, headings=(-0.8, 2.3, 1.6), sun=(-0.5, 0.3, 0.7), key=(1.15, 1.05, 0.88),
        sky=(0.40, 0.46, 0.56), ground=(0.30, 0.28, 0.24), gain=(1.00, 1.00, 1.00), gamma=1.02, saturation=1.12,
        blur=0.0015, noise=0.004,
    ),
    Camera(
        backdrop="evening", pitch=0.18, headings=(0.4, 2.8, -1.5), sun=(0.8, 0.0, 0.5), key=(0.86, 0.66, 0.42),
        sky=(0.30, 0.33, 0.44), ground=(0.22, 0.20, 0.19), gain=(1.02, 0.95, 0.98), gamma=1.10, saturation=0.85,
        blur=0.0040, noise=0.011,
    ),
)  # fmt: skip


def camera(camid: int) -> Camera:
    """Camera 1..6."""
    if not 1 <= camid <= len(CAMERAS):
        raise ValueError(f"camera {camid} does not exist: there are cameras 1 to {len(CAMERAS)}")
    return CAMERAS[camid - 1]
