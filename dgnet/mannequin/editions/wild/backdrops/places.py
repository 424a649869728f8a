"""What stands behind people, above the ground: facades, shops, corridors, greenery, open places, anything at all."""

from __future__ import annotations

import numpy as np

from dgnet.mannequin.editions.wild.backdrops.canvas import Canvas
from dgnet.mannequin.editions.wild.backdrops.tones import brick, darker, glass, leaf, paint, sky, stone


def paint_facade(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """A building: courses of stone or brick, windows, doors, pipes."""
    wall = stone(rng) if rng.random() < 0.6 else brick(rng)
    canvas.fade(0, foot, darker(wall, float(rng.uniform(0.85, 1.15))), wall)
    canvas.grain(0, foot, float(rng.uniform(0.03, 0.2)), float(np.exp(rng.uniform(-4, -1.5))), rng)
    if rng.random() < 0.5:
        course = float(rng.uniform(0.02, 0.08))
        for v in np.arange(0, foot, course):
            canvas.line([(0, v), (canvas.wide, v)], 0.004, darker(wall, 0.85))
    pane, frame = glass(rng), paint(rng)
    wide, gap = float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.05, 0.35))
    tall, sill = float(rng.uniform(0.15, 0.5)), foot - float(rng.uniform(0.05, 0.3))
    for u in np.arange(float(rng.uniform(-0.3, 0.1)), canvas.wide, wide + gap):
        door = rng.random() < 0.2
        low = foot if door else sill
        canvas.box(u - 0.012, low - tall - 0.012, u + wide + 0.012, low + 0.012, frame)
        canvas.box(u, low - tall, u + wide, low, paint(rng) if door else pane)
        if not door and rng.random() < 0.6:
            canvas.box(u + wide / 2 - 0.004, low - tall, u + wide / 2 + 0.004, low, frame)
    if rng.random() < 0.4:
        canvas.box(0, foot - float(rng.uniform(0.03, 0.1)), canvas.wide, foot, darker(wall, 0.7))


def paint_shops(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """Shop windows full of goods, signs above them."""
    canvas.box(0, 0, canvas.wide, foot, stone(rng))
    u = float(rng.uniform(-0.4, 0.0))
    while u < canvas.wide:
        wide = float(rng.uniform(0.25, 0.7))
        top = foot - float(rng.uniform(0.3, 0.8))
        canvas.box(u, top, u + wide, foot, paint(rng))
        canvas.box(u + 0.02, top + 0.1, u + wide - 0.02, foot - 0.03, glass(rng))
        for _ in range(int(rng.integers(4, 12))):
            x, y = float(rng.uniform(u + 0.02, u + wide - 0.05)), float(rng.uniform(top + 0.1, foot - 0.03))
            right = min(x + float(rng.uniform(0.02, 0.15)), u + wide - 0.02)
            canvas.box(x, y, right, min(y + float(rng.uniform(0.02, 0.15)), foot - 0.03), paint(rng))
        for x in np.arange(u + 0.06, u + wide - 0.1, float(rng.uniform(0.03, 0.08))):
            canvas.box(x, top + 0.03, x + 0.02, top + 0.075, paint(rng))
        u += wide + float(rng.uniform(0.0, 0.1))
    canvas.grain(0, foot, float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.02, 0.2)), rng)


def paint_corridor(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """Walls in perspective towards an end wall, lamps above, doors on both sides. Paints its own floor."""
    wall, floor, ceiling = stone(rng, 0.5, 0.95), stone(rng, 0.3, 0.85), stone(rng, 0.6, 0.97)
    left, right = sorted(rng.uniform(0.0, canvas.wide, 2))
    right = max(right, left + 0.06)
    top, low = foot - float(rng.uniform(0.1, 0.5)), foot
    wide = canvas.wide
    canvas.box(0, 0, wide, 1, wall)
    canvas.polygon([(left, low), (right, low), (wide + 0.6, 1.1), (-0.6, 1.1)], floor)
    canvas.polygon([(left, top), (right, top), (wide + 0.4, -0.6), (-0.4, -0.6)], ceiling)
    canvas.box(left, top, right, low, darker(wall, float(rng.uniform(0.6, 1.1))))
    side = darker(wall, float(rng.uniform(0.6, 0.9)))
    canvas.polygon([(left, top), (left, low), (-0.6, 1.1), (-0.4, -0.6)], side)
    for _ in range(int(rng.integers(0, 4))):
        near, depth = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.05, 0.25))
        far = min(near + depth, 1.0)
        ends = [(near, low, 1.1), (far, low, 1.1), (far, top, -0.4), (near, top, -0.4)]
        door = [(left + (-0.6 - left) * share, v + (edge - v) * share) for share, v, edge in ends]
        canvas.polygon(door, paint(rng))
    canvas.grain(0, 1, float(rng.uniform(0.02, 0.12)), float(rng.uniform(0.05, 0.5)), rng)


def paint_green(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """Trees, hedges and sky."""
    above = sky(rng)
    canvas.fade(0, foot, above, darker(above, 0.92))
    colour = leaf(rng)
    for _ in range(int(rng.integers(3, 12))):
        u, v = float(rng.uniform(-0.1, canvas.wide + 0.1)), float(rng.uniform(-0.1, foot))
        size = float(rng.uniform(0.08, 0.35))
        shade = darker(colour, float(rng.uniform(0.55, 1.3)))
        for _ in range(4):
            du, dv = rng.normal(0, size / 2, 2)
            canvas.ellipse(u + float(du), min(v + float(dv), foot), size * 0.6, size * 0.5, shade)
    for _ in range(int(rng.integers(0, 4))):
        u, wide = float(rng.uniform(0, canvas.wide)), float(rng.uniform(0.008, 0.05))
        canvas.polygon([(u, foot), (u + wide, foot), (u + wide * 0.8, 0), (u + wide * 0.2, 0)], (0.27, 0.2, 0.15))
    if rng.random() < 0.5:
        top = foot - float(rng.uniform(0.05, 0.3))
        canvas.box(0, top, canvas.wide, foot, leaf(rng))
    canvas.grain(0, foot, float(rng.uniform(0.2, 0.55)), float(rng.uniform(0.01, 0.06)), rng)


def paint_open(canvas: Canvas, foot: float, rng: np.random.Generator) -> None:
    """A wide place: far buildings or a plain wall, tents and stalls."""
    above = sky(rng)
    canvas.fade(0, foot, above, darker(above, 0.95))
    u = -0.2
    while u < canvas.wide:
        wide, top = float(rng.uniform(0.15, 0.6)), foot - float(rng.uniform(0.05, 0.6))
        canvas.box(u, top, u + wide, foot, stone(rng))
        pane = glass(rng)
        for v in np.arange(top + 0.02, foot - 0.02, 0.05):
            for x in np.arange(u + 0.02, u + wide - 0.02, 0.06):
                canvas.box(x, v, x + 0.03, v + 0.025, pane)
        u += wide + float(rng.uniform(0, 0.2))
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 3))):
            u, wide, top = float(rng.uniform(-0.2, canvas.wide)), float(rng.uniform(0.2, 0.6)), foot - 0.25
            colour = paint(rng)
            canvas.polygon([(u, top), (u + wide / 2, top - 0.12), (u + wide, top)], colour)
            canvas.box(u, top, u + wide, top + 0.05, darker(colour, 0.9))
            for x in (u, u + wide):
                canvas.line([(x, top), (x, foot + 0.05)], 0.01, (0.75, 0.75, 0.75))
    canvas.grain(0, foot, float(rng.uniform(0.03, 0.15)), float(rng.uniform(0.03, 0.3)), rng)


def paint_anything(canvas: Canvas, rng: np.random.Generator) -> None:
    """No place at all: a gradient, shapes of any colour, grain. Paints its own ground."""
    canvas.fade(0, 1, paint(rng), paint(rng))
    wide = canvas.wide
    for _ in range(int(rng.integers(0, 14))):
        u, v = float(rng.uniform(-0.1, wide)), float(rng.uniform(-0.1, 1))
        a, b = (float(value) for value in np.exp(rng.uniform(-4, -0.5, 2)))
        match int(rng.integers(4)):
            case 0:
                canvas.box(u, v, u + a, v + b, paint(rng))
            case 1:
                canvas.ellipse(u, v, a, b, paint(rng))
            case 2:
                ends = [(float(x), float(y)) for x, y in rng.uniform(-0.1, 1.1, (2, 2)) * [wide, 1]]
                canvas.line(ends, float(rng.uniform(0.004, 0.06)), paint(rng))
            case _:
                canvas.polygon([(u, v), (u + a, v + b / 3), (u + a / 3, v + b)], paint(rng))
    canvas.grain(0, 1, float(rng.uniform(0.0, 0.6)), float(np.exp(rng.uniform(-4.3, -0.7))), rng)
