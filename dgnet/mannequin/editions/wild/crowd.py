"""Passers-by: people of the same population, rendered once per process and pasted small wherever they are needed."""

from __future__ import annotations

import functools
import math

import numpy as np
from PIL import Image

from dgnet.mannequin.body.gait import Arms
from dgnet.mannequin.clothes.garment import Appearance
from dgnet.mannequin.editions.edition import generator
from dgnet.mannequin.editions.wild.bodies import draw_physique
from dgnet.mannequin.editions.wild.colours import draw_skin
from dgnet.mannequin.editions.wild.lights import draw_light
from dgnet.mannequin.editions.wild.outfits import draw_outfit
from dgnet.mannequin.render import render_person
from dgnet.mannequin.scene.camera import Camera
from dgnet.mannequin.structure import Moment, Structure

NUM_PASSERS_BY = 40
_STREAM, _SIZE = 108, (160, 112)
_CAMERA = Camera(pitch=0.12, gain=(1, 1, 1), gamma=1, saturation=1, blur=0, noise=0, samples=2)


class _Nothing:
    """A backdrop that is not painted: passers-by are cut out."""

    def paint(self, height: int, width: int) -> np.ndarray:
        return np.zeros((height, width, 3), np.float32)


@functools.lru_cache(256)
def passer_by(population: int, index: int) -> Image.Image:
    """Passer-by `index` of a population: RGBA, cut to the person's outline."""
    rng = generator(population, _STREAM, index)
    physique = draw_physique(rng)
    outfit = draw_outfit(rng, feminine=physique.gender > 0.5)
    moment = Moment(
        camera=_CAMERA,
        light=draw_light(False, rng, night=False),
        backdrop=_Nothing(),
        azimuth=float(rng.uniform(0, 2 * math.pi)),
        phase=float(rng.uniform(0, 2 * math.pi)),
        stride=float(rng.uniform(0.1, 1.0)),
        arms=Arms.SWING,
        gaze=0.0,
        shift=(0.0, 0.0),
        scale=0.92,
        exposure=0.0,
        occluders=(),
        noise_seed=0,
    )
    person = render_person(Appearance(outfit, draw_skin(rng)), Structure(physique, moment), _SIZE)
    colour = person.light / np.maximum(person.cover, 1e-3)[..., None]
    pixels = np.concatenate([np.clip(colour, 0, 1), person.cover[..., None]], 2)
    image = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    return image.crop(image.getchannel("A").getbbox())
