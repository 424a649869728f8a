"""A whole backdrop: a place, its ground, what stands about, and passers-by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import ImageFilter

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.editions.wild.backdrops import places
from dgnet.mannequin.editions.wild.backdrops.canvas import Canvas
from dgnet.mannequin.editions.wild.backdrops.grounds import paint_ground
from dgnet.mannequin.editions.wild.backdrops.tones import darker, paint, stone
from dgnet.mannequin.editions.wild.backdrops.vehicles import paint_bicycle, paint_car
from dgnet.mannequin.editions.wild.cameras import Site
from dgnet.mannequin.editions.wild.crowd import NUM_PASSERS_BY, passer_by

_OUTDOORS = {"facade": 0.26, "shops": 0.14, "green": 0.18, "open": 0.14, "ground": 0.16, "anything": 0.12}
_INDOORS = {"corridor": 0.46, "shops": 0.22, "facade": 0.10, "anything": 0.12, "ground": 0.10}


@dataclass(frozen=True, slots=True)
class Scenery:
    """A backdrop: the kind of place, where its ground ends, and the seed of all else."""

    kind: str
    horizon: float
    population: int
    seed: int

    def paint(self, height: int, width: int) -> Floats:
        """H x W x 3 in [0, 1]."""
        rng = np.random.default_rng(self.seed)
        canvas = Canvas(height, width)
        foot = self.horizon
        if self.kind not in ("corridor", "anything"):
            paint_ground(canvas, foot, rng)
        match self.kind if foot > 0.05 else "ground":
            case "facade":
                places.paint_facade(canvas, foot, rng)
            case "shops":
                places.paint_shops(canvas, foot, rng)
            case "corridor":
                places.paint_corridor(canvas, foot, rng)
            case "green":
                places.paint_green(canvas, foot, rng)
            case "open":
                places.paint_open(canvas, foot, rng)
            case "anything":
                places.paint_anything(canvas, rng)
        self._furnish(canvas, rng)
        self._people(canvas, rng)
        soft = float(rng.choice([0.0, rng.uniform(0.5, 1.2), rng.uniform(1.2, 4.0)], p=[0.45, 0.35, 0.20]))
        if soft:
            canvas.image = canvas.image.filter(ImageFilter.BoxBlur(soft))
        tone = float(np.exp(rng.normal(0, 0.18)))
        result: Floats = np.clip(canvas.floats((height, width)) * np.float32(tone), 0, 1)
        return result

    def _furnish(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Vehicles, bicycles, posts, benches, boxes."""
        foot = max(self.horizon, 0.05)
        vehicles = self.kind in ("facade", "shops", "green", "open", "ground")
        if vehicles and rng.random() < 0.22:
            far = float(rng.uniform(0, 0.25))
            paint_car(canvas, float(rng.uniform(-0.1, canvas.wide + 0.1)), foot + far, 0.25 + 0.5 * far, rng)
        if vehicles and rng.random() < 0.22:
            far = float(rng.uniform(0.02, 0.3))
            for u in np.arange(float(rng.uniform(-0.3, 0.4)), canvas.wide, float(rng.uniform(0.12, 0.5))):
                paint_bicycle(canvas, float(u), foot + far, 0.2 + 0.4 * far, rng)
        for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.10]))):
            u, v, wide = float(rng.uniform(0, canvas.wide)), foot + float(rng.uniform(0, 0.3)), 0.0
            colour = stone(rng, 0.2, 0.9) if rng.random() < 0.6 else paint(rng)
            if rng.random() < 0.5:
                wide = float(rng.uniform(0.008, 0.035))
                canvas.box(u, v - float(rng.uniform(0.2, 1.2)), u + wide, v, colour)
                canvas.box(u + wide * 0.7, 0 if v > 1 else v - 0.2, u + wide, v, darker(colour, 0.7))
            else:
                wide, tall = float(rng.uniform(0.05, 0.25)), float(rng.uniform(0.05, 0.25))
                canvas.box(u, v - tall, u + wide, v, colour)
                canvas.box(u, v - tall, u + wide, v - tall * 0.85, darker(colour, 1.2))

    def _people(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Passers-by, those further away first."""
        count = int(rng.choice([0, 1, 2, 3, 9], p=[0.52, 0.22, 0.13, 0.07, 0.06]))
        near = np.sort(rng.uniform(0, 1, count))
        foot = max(self.horizon, 0.0)
        for share in near:
            height = 0.18 + 0.62 * float(share)
            level = min(foot + 0.06 + (1.0 - foot) * 0.85 * float(share), 1.15)
            gain = float(rng.uniform(0.55, 1.15))
            cut_out = passer_by(self.population, int(rng.integers(NUM_PASSERS_BY)))
            canvas.paste(cut_out, float(rng.uniform(-0.05, canvas.wide + 0.05)), level, height, (gain, gain, gain))


def draw_scenery(here: Site, population: int, rng: np.random.Generator) -> Scenery:
    """A backdrop before a camera; no two images have the same."""
    kinds = _INDOORS if here.indoors else _OUTDOORS
    weights = np.array([*kinds.values()])
    kind = [*kinds][int(rng.choice(len(weights), p=weights / weights.sum()))]
    horizon = float(np.clip(here.horizon + rng.normal(0, 0.06), -0.3, 0.8))
    if kind == "ground":
        horizon = -0.3
    elif kind in ("corridor", "anything"):
        horizon = float(np.clip(horizon, 0.25, 0.75))
    return Scenery(kind, horizon, population, int(rng.integers(2**32)))
