"""Smooth random fields."""

from __future__ import annotations

import functools

import numpy as np

from dgnet.mannequin.body.mesh import Floats


def value_noise(seed: int, u: Floats, v: Floats, frequency: float, octaves: int = 3) -> Floats:
    """Smooth value noise in [-1, 1], summed over octaves."""
    total = np.zeros_like(u)
    for octave in range(octaves):
        lattice = _lattice(seed, octave)
        x, y = u * frequency * 2**octave, v * frequency * 2**octave
        x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        fx, fy = x - x0, y - y0
        fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
        a, b = lattice[y0 % 64, x0 % 64], lattice[y0 % 64, (x0 + 1) % 64]
        c, d = lattice[(y0 + 1) % 64, x0 % 64], lattice[(y0 + 1) % 64, (x0 + 1) % 64]
        total += ((a * (1 - fx) + b * fx) * (1 - fy) + (c * (1 - fx) + d * fx) * fy) / 2**octave
    return total.astype(np.float32)


@functools.lru_cache(64)
def _lattice(seed: int, octave: int) -> Floats:
    return np.random.default_rng([seed, octave]).uniform(-1, 1, (64, 64)).astype(np.float32)
