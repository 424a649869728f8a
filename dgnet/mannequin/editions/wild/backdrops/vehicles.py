"""Cars, vans, bicycles and scooters, seen from the side."""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.editions.wild.backdrops.canvas import Canvas
from dgnet.mannequin.editions.wild.backdrops.tones import darker, glass, paint

_TYRE = (0.10, 0.10, 0.11)


def paint_car(canvas: Canvas, u: float, foot: float, height: float, rng: np.random.Generator) -> None:
    """A car or a van, `height` high, its middle at `u`, its wheels on `foot`."""
    body, window = paint(rng), glass(rng)
    van = rng.random() < 0.35
    long = height * float(rng.uniform(1.9, 2.4) if van else rng.uniform(2.5, 3.2))
    left, right, roof = u - long / 2, u + long / 2, foot - height
    belt, sill = foot - 0.58 * height, foot - 0.16 * height
    if van:
        canvas.polygon([(left, sill), (left, roof), (right - 0.12 * long, roof), (right, belt), (right, sill)], body)
        canvas.polygon([(right - 0.3 * long, belt), (right - 0.3 * long, roof + 0.1 * height),
                        (right - 0.13 * long, roof + 0.1 * height), (right - 0.03 * long, belt)], window)  # fmt: skip
    else:
        canvas.box(left, belt, right, sill, body)
        cabin = [(left + 0.14 * long, belt), (left + 0.26 * long, roof), (right - 0.34 * long, roof),
                 (right - 0.2 * long, belt)]  # fmt: skip
        canvas.polygon(cabin, body)
        canvas.polygon([(left + 0.18 * long, belt), (left + 0.28 * long, roof + 0.08 * height),
                        (right - 0.36 * long, roof + 0.08 * height), (right - 0.25 * long, belt)], window)  # fmt: skip
        canvas.box(u - 0.01 * long, roof, u + 0.01 * long, sill, darker(body, 0.8))
    canvas.box(left, sill - 0.06 * height, right, sill, darker(body, 0.6))
    for place in (left + 0.2 * long, right - 0.2 * long):
        canvas.ellipse(place, foot - 0.17 * height, 0.17 * height, 0.17 * height, _TYRE)
        canvas.ellipse(place, foot - 0.17 * height, 0.09 * height, 0.09 * height, (0.55, 0.55, 0.57))


def paint_bicycle(canvas: Canvas, u: float, foot: float, height: float, rng: np.random.Generator) -> None:
    """A bicycle, `height` high at its handlebar."""
    colour, wheel = paint(rng), 0.33 * height
    rear, front, hub = u - 0.52 * height, u + 0.52 * height, foot - wheel
    for place in (rear, front):
        canvas.ellipse(place, hub, wheel, wheel, _TYRE, ring=0.05 * height)
    seat, bar = (u - 0.22 * height, foot - 0.85 * height), (u + 0.34 * height, foot - height)
    crank, head = (u - 0.05 * height, hub), (u + 0.32 * height, foot - 0.75 * height)
    frame = [(rear, hub), crank, head, (u - 0.18 * height, foot - 0.66 * height), (rear, hub)]
    canvas.line(frame, 0.045 * height, colour)
    canvas.line([crank, seat], 0.04 * height, colour)
    canvas.line([(front, hub), head, bar], 0.04 * height, colour)
    canvas.line([(seat[0] - 0.1 * height, seat[1]), (seat[0] + 0.1 * height, seat[1])], 0.06 * height, _TYRE)
    canvas.line([bar, (bar[0] - 0.1 * height, bar[1])], 0.04 * height, _TYRE)
    if rng.random() < 0.4:
        box = (bar[0] - 0.05 * height, bar[1], bar[0] + 0.25 * height, bar[1] + 0.25 * height)
        canvas.box(*box, paint(rng))
