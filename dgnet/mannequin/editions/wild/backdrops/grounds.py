"""What people stand on: paving, asphalt, grass, floors."""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.editions.wild.backdrops.canvas import Canvas
from dgnet.mannequin.editions.wild.backdrops.tones import brick, darker, leaf, stone


def paint_ground(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """Fill everything below `foot` with one kind of ground."""
    top = max(foot, 0.0)
    kind = rng.random()
    if kind < 0.18:
        colour = leaf(rng)
        canvas.fade(top, 1, darker(colour, float(rng.uniform(0.8, 1.2))), colour)
        canvas.grain(top, 1, float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.01, 0.04)), rng)
        return
    colour = stone(rng) if kind < 0.8 else brick(rng)
    canvas.fade(top, 1, darker(colour, float(rng.uniform(0.8, 1.2))), colour)
    canvas.grain(top, 1, float(rng.uniform(0.02, 0.16)), float(np.exp(rng.uniform(-4.3, -1.5))), rng)
    joints = rng.random()
    if joints < 0.5:
        _paint_joints(canvas, foot, darker(colour, float(rng.choice([0.72, 0.85, 1.15]))), rng)
    elif joints < 0.65:
        _paint_zebra(canvas, foot, rng)
    if rng.random() < 0.25:
        _paint_kerb(canvas, foot, rng)
    for _ in range(int(rng.integers(0, 4))):  # manholes, puddles, litter
        wide = float(rng.uniform(0.01, 0.12))
        place = float(rng.uniform(0, canvas.wide)), float(rng.uniform(top, 1))
        canvas.ellipse(*place, wide, wide * 0.35, darker(colour, float(rng.uniform(0.5, 1.3))))


def _paint_joints(canvas: Canvas, foot: float, colour: tuple[float, float, float], rng: np.random.Generator) -> None:
    """Lines of tiles, in perspective towards a vanishing point above `foot`."""
    vanish_u, vanish_v = float(rng.uniform(-0.5, canvas.wide + 0.5)), foot - float(rng.uniform(0.05, 1.0))
    width, step = float(rng.uniform(0.002, 0.008)), float(rng.uniform(0.08, 0.3))
    for k in np.arange(-2.5, 3.0, step):
        canvas.line([(canvas.wide / 2 + k + 0.3 * vanish_u, 1.02), (vanish_u, vanish_v)], width, colour)
    far = np.arange(0.5, 14, float(rng.uniform(0.15, 0.9)))
    for v in vanish_v + (1.02 - vanish_v) / (0.5 + far):
        if v > foot:
            canvas.line([(-0.1, v), (canvas.wide + 0.1, v + float(rng.uniform(-0.002, 0.002)))], width, colour)


def _paint_zebra(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    lean, width = float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.04, 0.12))
    top = max(foot, float(rng.uniform(0.3, 0.8)))
    for u in np.arange(-0.4, canvas.wide + 0.4, 2 * width):
        corners = [(u, 1.0), (u + width, 1.0), (u + width + lean * 0.5, top), (u + lean * 0.5, top)]
        canvas.polygon(corners, (0.85, 0.85, 0.83))


def _paint_kerb(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    v, tilt = float(rng.uniform(max(foot, 0.2), 1.0)), float(rng.uniform(-0.15, 0.15))
    edge, road = stone(rng, 0.55, 0.9), stone(rng, 0.2, 0.5)
    wide = canvas.wide
    canvas.polygon([(0, v), (wide, v + tilt), (wide, 1.3), (0, 1.3)], edge)
    canvas.polygon([(0, v + 0.025), (wide, v + tilt + 0.025), (wide, 1.3), (0, 1.3)], road)
