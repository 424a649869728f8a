"""From light to pixels: a camera's blur, colour response and noise."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.moment import Moment
from dgnet.mannequin.scene.cameras import Camera


def expose(image: Floats, view: Camera, moment: Moment) -> npt.NDArray[np.uint8]:
    """The camera's picture of `image` (H x W x 3 in [0, 1]). Noise is seeded by the moment alone."""
    image = blur(image, view.blur * image.shape[0])
    image = np.clip(image * np.array(view.gain, np.float32) * np.float32(math.exp(moment.exposure)), 0, None)
    grey = image.mean(-1, keepdims=True)
    image = np.clip(grey + (image - grey) * np.float32(view.saturation), 0, None) ** np.float32(view.gamma)
    image = np.where(image > 0.8, 0.8 + 0.2 * np.tanh((image - 0.8) / 0.2), image)  # highlights roll off
    rng = np.random.default_rng(moment.noise_seed)
    coarse = rng.normal(0, view.noise, (*image.shape[:2], 1)) + rng.normal(0, view.noise / 2, image.shape)
    return np.round(np.clip(image + coarse, 0, 1) * 255).astype(np.uint8)


def blur(image: Floats, sigma: float) -> Floats:
    """Gaussian blur, `sigma` in pixels, edges repeated."""
    if sigma <= 0.05:
        return image
    radius = math.ceil(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in (0, 1):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (radius, radius)
        padded, size = np.pad(image, pad, mode="edge"), image.shape[axis]
        image = sum(weight * np.take(padded, range(k, k + size), axis) for k, weight in enumerate(kernel))
    return image
