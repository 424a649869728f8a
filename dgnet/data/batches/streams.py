"""Random numbers as pure functions of the step: every use has a stream of its own, and all are named here.

What a network draws itself (dropout) comes from torch's own generator, seeded anew in every step
(`dgnet.training.checkpoint.seed_step`).
"""

from __future__ import annotations

import hashlib
import struct
from enum import IntEnum, unique

import numpy as np
import torch
from torch import Tensor


@unique
class Stream(IntEnum):
    """What torch's generators are for (`generator_for`). A number, once used, is never changed: runs depend on it."""

    SHIFT = 1  # mirror and crop
    ERASE = 2
    RELIGHT = 3
    COIN = 4  # of L_recon^code2
    FRAMING = 5
    COLOUR = 6
    SENSOR = 7
    NOISE = 8  # of the sensor, a number per pixel and channel


@unique
class PairStream(IntEnum):
    """What NumPy's generators are for (`pair_generator`), of another kind, so that their numbers are their own."""

    EPOCH = 0  # the order of an epoch's anchors
    PARTNER = 1  # of which image of an anchor's identity is its partner


def pair_generator(seed: int, stream: PairStream, index: int) -> np.random.Generator:
    """NumPy's generator for the epoch or the step `index`."""
    return np.random.default_rng((seed, int(stream), index))


def generator_for(seed: int, step: int, rank: int, stream: Stream) -> torch.Generator:
    """A CPU generator for (seed, step, rank) and one use of it. Numbers are in 0..2^64-1."""
    key = hashlib.blake2b(struct.pack("<4Q", seed, step, rank, stream), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key) >> 1)


def coin(seed: int, step: int) -> bool:
    """The fair coin of L_recon^code2, thrown once per step for all processes."""
    return bool(torch.rand((), generator=generator_for(seed, step, 0, Stream.COIN)) < 0.5)


def draw(
    seed: int, step: int, stream: Stream, shape: tuple[int, int, int], rank: int = 0, world_size: int = 1
) -> Tensor:
    """Numbers in [0, 1) for `shape` = (views, images, numbers an image), as float32 (views · images)×numbers.

    They are this rank's share of what one process draws for the images of all ranks, one rank's after another's.
    """
    views, images, numbers = shape
    everyone = torch.rand(views, images * world_size, numbers, generator=generator_for(seed, step, 0, stream))
    return everyone[:, rank * images : (rank + 1) * images].reshape(views * images, numbers)
