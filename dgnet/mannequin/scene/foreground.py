"""Things between camera and person."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats


class ThingKind(enum.Enum):
    """Things that stand between camera and person."""

    POST = "post"
    RAILING = "railing"
    PLANTER = "planter"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing in front: its middle (fraction of the width), its upper edge (fraction of the height), its tint 0..1."""

    kind: ThingKind
    middle: float
    top: float
    tint: float

    def over(self, image: Floats) -> Floats:
        """`image` (H x W x 3) with the thing drawn over it."""
        cover, colour = _drawn(self, image)
        return (image * (1 - cover[..., None]) + np.clip(colour, 0, 1) * cover[..., None]).astype(np.float32)


def _drawn(occluder: Thing, image: Floats) -> tuple[Floats, Floats]:
    """How much of each pixel the thing covers (H x W), and its colour (H x W x 3)."""
    height, width = image.shape[:2]
    row, column = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    x = (column - occluder.middle * width) / height  # in image heights, so that shapes keep theirs
    y = row / height
    soft = height  # one pixel of edge

    def span(value: Floats, low: float, high: float) -> Floats:
        inside: Floats = np.clip((value - low) * soft + 0.5, 0, 1) * np.clip((high - value) * soft + 0.5, 0, 1)
        return inside

    tint = occluder.tint
    match occluder.kind:
        case ThingKind.POST:
            cover = span(x, -0.022, 0.022)
            colour = np.array([0.42, 0.43, 0.45]) * (0.6 + 0.7 * tint) * (1 - 12 * np.abs(x - 0.006))[..., None]
        case ThingKind.RAILING:
            bars = span((x + 1.0) % 0.085, 0.0, 0.016) * span(y, occluder.top, 2.0)
            cover = np.maximum(bars, span(y, occluder.top, occluder.top + 0.02))
            colour = np.broadcast_to(np.array([0.30, 0.31, 0.33]) + 0.4 * tint, image.shape)
        case ThingKind.PLANTER:
            ragged = 0.012 * np.sin(x * 90 + 6 * tint) + 0.010 * np.sin(x * 37 + 2)
            leaves = span(y + ragged, occluder.top, occluder.top + 0.10) * span(x + ragged, -0.16, 0.16)
            box = span(y, occluder.top + 0.08, 2.0) * span(x, -0.17, 0.17)
            green = (
                np.array([0.22, 0.36, 0.16])
                * (1 + 0.22 * np.sin(x * 140 + 9 * y) * np.sin(y * 90 - 31 * x) + 0.12 * np.sin(x * 61 + y * 43))[
                    ..., None
                ]
            )
            stone = np.array([0.55, 0.52, 0.48]) * (0.7 + 0.5 * tint)
            colour = green * (1 - box[..., None]) + stone * box[..., None]
            cover = np.maximum(leaves, box)
        case ThingKind.BOARD:
            cover = span(x, -0.11, 0.11) * span(y, occluder.top, 0.97)
            frame = span(x, -0.095, 0.095) * span(y, occluder.top + 0.018, 0.95)
            face = np.array([0.20 + 0.6 * tint, 0.35, 0.75 - 0.5 * tint])
            colour = face * frame[..., None] + np.array([0.85, 0.84, 0.80]) * (1 - frame[..., None])
    return cover, colour
