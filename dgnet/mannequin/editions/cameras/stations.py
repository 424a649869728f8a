"""The six cameras: where each looks from, what stands behind people, its light and its colour response."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.mannequin.scene.camera import Camera
from dgnet.mannequin.scene.light import Light


@dataclass(frozen=True, slots=True)
class Station:
    """One of the six: a camera, its view and its light, which never change.

    `headings` are the directions people mostly walk in, radians (0 towards the camera).
    """

    view: str
    headings: tuple[float, ...]
    light: Light
    camera: Camera


STATIONS: tuple[Station, ...] = (
    Station(
        view="plaza", headings=(0.1, 3.2),
        light=Light(sun=(0.6, -0.6, 0.6), key=(1.05, 1.00, 0.90), sky=(0.50, 0.53, 0.58), ground=(0.30, 0.28, 0.25)),
        camera=Camera(pitch=0.16, gain=(1.04, 1.00, 0.94), gamma=0.96, saturation=1.05, blur=0.0018, noise=0.005),
    ),
    Station(
        view="park", headings=(1.5, -1.5),
        light=Light(sun=(-0.7, -0.3, 0.7), key=(0.85, 0.84, 0.72), sky=(0.46, 0.52, 0.52), ground=(0.24, 0.28, 0.20)),
        camera=Camera(pitch=0.10, gain=(0.95, 1.02, 0.93), gamma=1.06, saturation=1.00, blur=0.0035, noise=0.007),
    ),
    Station(
        view="street", headings=(0.7, -2.4),
        light=Light(sun=(0.2, -0.5, 0.9), key=(0.62, 0.64, 0.68), sky=(0.66, 0.69, 0.74), ground=(0.32, 0.32, 0.33)),
        camera=Camera(pitch=0.22, gain=(0.94, 0.99, 1.07), gamma=0.90, saturation=0.80, blur=0.0045, noise=0.006),
    ),
    Station(
        view="corridor", headings=(0.0, 3.14),
        light=Light(sun=(0.0, -0.4, 1.0), key=(0.66, 0.63, 0.54), sky=(0.58, 0.55, 0.49), ground=(0.36, 0.33, 0.28)),
        camera=Camera(pitch=0.28, gain=(1.00, 0.95, 0.86), gamma=1.12, saturation=0.88, blur=0.0030, noise=0.009),
    ),
    Station(
        view="campus", headings=(-0.8, 2.3, 1.6),
        light=Light(sun=(-0.5, 0.3, 0.7), key=(1.15, 1.05, 0.88), sky=(0.40, 0.46, 0.56), ground=(0.30, 0.28, 0.24)),
        camera=Camera(pitch=0.13, gain=(1.00, 1.00, 1.00), gamma=1.02, saturation=1.12, blur=0.0015, noise=0.004),
    ),
    Station(
        view="evening", headings=(0.4, 2.8, -1.5),
        light=Light(sun=(0.8, 0.0, 0.5), key=(0.86, 0.66, 0.42), sky=(0.30, 0.33, 0.44), ground=(0.22, 0.20, 0.19)),
        camera=Camera(pitch=0.18, gain=(1.02, 0.95, 0.98), gamma=1.10, saturation=0.85, blur=0.0040, noise=0.011),
    ),
)  # fmt: skip


def station(camid: int) -> Station:
    """Camera 1..6."""
    if not 1 <= camid <= len(STATIONS):
        raise ValueError(f"camera {camid} does not exist: there are cameras 1 to {len(STATIONS)}")
    return STATIONS[camid - 1]
