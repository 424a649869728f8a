"""What stands in the way: a second person, vehicles, street furniture, or something that cannot be made out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.editions.wild.backdrops.canvas import Canvas
from dgnet.mannequin.editions.wild.backdrops.tones import leaf, paint
from dgnet.mannequin.editions.wild.backdrops.vehicles import paint_bicycle, paint_car
from dgnet.mannequin.editions.wild.crowd import NUM_PASSERS_BY, passer_by
from dgnet.mannequin.scene.foreground import Thing, ThingKind
from dgnet.mannequin.structure import Occluder

_KINDS = {"thing": 0.30, "person": 0.26, "car": 0.10, "bicycle": 0.14, "block": 0.10, "leaves": 0.10}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One of _KINDS but "thing", at `place` (fraction of the width), `top` its upper edge (fraction of the height)."""

    kind: str
    place: float
    top: float
    population: int
    seed: int

    def over(self, image: Floats) -> Floats:
        """`image` (H x W x 3) with the obstacle drawn over it."""
        rng = np.random.default_rng(self.seed)
        canvas = Canvas(*image.shape[:2], clear=True)
        u = self.place * canvas.wide
        match self.kind:
            case "person":
                gain = float(rng.uniform(0.7, 1.2))
                height = float(rng.uniform(0.9, 1.4))
                cut_out = passer_by(self.population, int(rng.integers(NUM_PASSERS_BY)))
                canvas.paste(cut_out, u, self.top + height, height, (gain, gain, gain))
            case "car":
                height = (1.02 - self.top) * float(rng.uniform(1.0, 1.4))
                paint_car(canvas, u, self.top + height, height, rng)
            case "bicycle":
                height = (1.0 - self.top) * float(rng.uniform(0.9, 1.3))
                paint_bicycle(canvas, u, self.top + height, height, rng)
            case "block":
                wide = float(rng.uniform(0.05, 0.25))
                canvas.box(u - wide / 2, self.top, u + wide / 2, self.top + float(rng.uniform(0.1, 0.6)), paint(rng))
            case "leaves":
                colour = leaf(rng)
                for _ in range(int(rng.integers(6, 18))):
                    du, dv = rng.normal(0, 0.09, 2)
                    canvas.ellipse(u + float(du), self.top + 0.12 + float(dv), 0.04, 0.03, colour)
        layer = canvas.floats(image.shape[:2])
        cover = layer[..., 3:]
        result: Floats = image * (1 - cover) + layer[..., :3] * cover
        return result


def draw_occluders(population: int, rng: np.random.Generator) -> tuple[Occluder, ...]:
    """Mostly nothing; else one thing, at times two."""
    count = int(rng.choice([0, 1, 2], p=[0.74, 0.22, 0.04]))
    return tuple(_draw_one(population, rng) for _ in range(count))


def _draw_one(population: int, rng: np.random.Generator) -> Occluder:
    kind = [*_KINDS][int(rng.choice(len(_KINDS), p=[*_KINDS.values()]))]
    if kind == "thing":
        things = list(ThingKind)
        thing = things[int(rng.integers(len(things)))]
        return Thing(thing, float(rng.uniform(0, 1)), float(rng.uniform(0.5, 0.9)), float(rng.random()))
    low, high = {"person": (-0.05, 0.5), "leaves": (0.0, 0.7), "block": (0.1, 0.8)}.get(kind, (0.5, 0.85))
    side = float(rng.uniform(0, 1))
    if kind == "person":  # beside, so that the one behind is seen
        side = float(rng.choice([rng.uniform(-0.15, 0.12), rng.uniform(0.88, 1.15)]))
    return Obstacle(kind, side, float(rng.uniform(low, high)), population, int(rng.integers(2**32)))
