"""From light to pixels: a camera's blur, colour response, noise and compression."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from dgnet.files.images import ImagesU8
from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.scene.camera import Camera


def expose(image: Floats, view: Camera, exposure: float, noise_seed: int) -> ImagesU8:
    """The camera's picture of `image` (H x W x 3 in [0, 1]); `exposure` is a log gain beside the camera's own."""
    image = blur(image, view.blur * image.shape[0])
    image = np.clip(image * np.array(view.gain, np.float32) * np.float32(math.exp(exposure)), 0, None)
    grey = image.mean(-1, keepdims=True)
    image = np.clip(grey + (image - grey) * np.float32(view.saturation), 0, None) ** np.float32(view.gamma)
    if view.contrast != 1:
        image = np.clip(0.45 + (image - 0.45) * np.float32(view.contrast), 0, None)
    image = np.where(image > 0.8, 0.8 + 0.2 * np.tanh((image - 0.8) / 0.2), image)  # highlights roll off
    if view.sharpen:
        image = image + np.float32(view.sharpen) * (image - blur(image, 1.0))
    rng = np.random.default_rng(noise_seed)
    coarse = rng.normal(0, view.noise, (*image.shape[:2], 1)) + rng.normal(0, view.noise / 2, image.shape)
    return np.round(np.clip(image + coarse, 0, 1) * 255).astype(np.uint8)


def deliver(image: ImagesU8, view: Camera, size: tuple[int, int]) -> ImagesU8:
    """The picture (H x W x 3) as it leaves the camera: compressed, and enlarged to `size` where it is smaller."""
    if view.quality is not None:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "jpeg", quality=view.quality, subsampling=2)
        image = np.asarray(Image.open(file))
    if image.shape[:2] != size:
        image = np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BICUBIC))
    return image


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
