"""Walking: joint rotations from a gait phase, a stride and what the arms do.

Joint angles follow the usual curves of human gait: the thigh swings once a cycle, the knee bends a little in stance and
much in swing, arms swing against the legs.
"""

from __future__ import annotations

import enum
import math

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.body.physique import BagKind, Physique


class Arms(enum.Enum):
    """What the arms do."""

    SWING = "swing"
    PHONE = "phone"  # one forearm raised before the chest
    EAR = "ear"  # one hand at the ear
    POCKETS = "pockets"
    STRAP = "strap"  # hands on the backpack's straps
    HOLD = "hold"  # one hand before the chest, around an umbrella's stick
    PUSH = "push"  # both hands on a pram or a handlebar


# The body at rest holds its arms away. To lower them to its sides, the shoulder turns a little and the arm the rest.
_SHRUG, _DROP = 0.16, 0.60


def turn(axis: str, angle: float) -> Floats:
    """Rotation matrix about one axis, radians."""
    c, s = math.cos(angle), math.sin(angle)
    rows = {
        "x": ((1, 0, 0), (0, c, -s), (0, s, c)),
        "y": ((c, 0, s), (0, 1, 0), (-s, 0, c)),
        "z": ((c, -s, 0), (s, c, 0), (0, 0, 1)),
    }
    return np.array(rows[axis], np.float32)


def walk(physique: Physique, phase: float, stride: float, arms: Arms, gaze: float) -> dict[str, Floats]:
    """Rotations of the named bones. `phase` in radians, `stride` 0 standing to 1 striding, `gaze` turns the head."""
    rotations: dict[str, Floats] = {}
    for side, sign in (("L", 1.0), ("R", -1.0)):
        t = phase if side == "L" else phase + math.pi
        thigh = stride * (0.42 * math.cos(t) + 0.06)
        knee = stride * (0.10 + 0.90 * max(0.0, math.sin(-t + 0.35)) ** 2 + 0.18 * max(0.0, math.cos(t + 0.6)) ** 4)
        rotations[f"upperleg01.{side}"] = turn("x", -thigh) @ turn("y", sign * 0.055)
        rotations[f"lowerleg01.{side}"] = turn("x", knee + 0.03)
        rotations[f"foot.{side}"] = turn(
            "x", -0.35 * stride * max(0.0, math.cos(t)) + 0.25 * stride * max(0.0, -math.cos(t))
        )
        rotations |= _arm(physique, side, sign, -stride * 0.45 * math.cos(t), stride, arms)
    rotations["spine03"] = turn("x", 0.03 + 0.04 * stride) @ turn("z", 0.08 * stride * math.cos(phase))
    rotations["neck01"] = turn("z", 0.5 * gaze) @ turn("x", 0.30 if arms is Arms.PHONE else 0.06)
    rotations["head"] = turn("z", 0.5 * gaze)
    return rotations


def _arm(physique: Physique, side: str, sign: float, swing: float, stride: float, arms: Arms) -> dict[str, Floats]:
    """One arm; `swing` is positive forwards. The arm on the side of a hand-held bag hangs, the other acts."""
    bag_side = (side == "L") == physique.left
    acting = not bag_side
    # The forearm of the body at rest is already bent by about 0.75: `bend` adds to that.
    bend, inwards = -0.55 + 0.30 * stride + 0.25 * max(0.0, swing), 0.15
    if bag_side and physique.bag in (BagKind.HAND, BagKind.SUITCASE):
        swing, bend = swing * 0.25, -0.65
    elif arms is Arms.PUSH:
        swing, bend, inwards = 0.25, 0.55, 0.10
    elif arms in (Arms.PHONE, Arms.HOLD) and acting:
        swing, bend, inwards = 0.30, 0.95, 0.55
    elif arms is Arms.EAR and acting:
        swing, bend, inwards = 0.70, 1.65, 0.25
    elif arms is Arms.POCKETS:
        swing, bend, inwards = -0.42, 0.10, 0.35
    elif arms is Arms.STRAP and physique.bag in (BagKind.BACKPACK, BagKind.RUCKSACK):
        swing, bend, inwards = 0.05, 1.55, 0.20
    lowered = turn("y", sign * _DROP)
    forearm = turn("z", -sign * inwards) @ turn("x", -bend)
    return {
        f"shoulder01.{side}": turn("y", sign * _SHRUG),
        f"upperarm01.{side}": turn("x", -swing) @ lowered,
        f"lowerarm01.{side}": lowered.T @ forearm @ lowered,
    }
