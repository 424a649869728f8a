"""Random numbers as pure functions of the step. Every use of them has its own stream, named here.

Only dropout draws from torch's global generator, which is seeded anew in every step
(`dgnet.training.checkpoint.seed_step`).
"""

from __future__ import annotations

import hashlib
import struct
from enum import IntEnum, unique

import numpy as np
import torch
from torch import Tensor

# Added to the seed of a run, for other batches than those of its training images.
SYNTHETIC_SEED = 2**48  # of synthetic images
TRUE_SWAP_SEED = 2**49  # of true swaps
MORE_REAL_SEED = 2**50  # of the real images that E_a alone sees


@unique
class Stream(IntEnum):
    """The uses of torch's generators (`generator_for`). Their numbers must never change: runs depend on them."""

    SHIFT = 1  # mirror and crop
    ERASE = 2
    RELIGHT = 3
    COIN = 4  # whether L_recon^code2 trains E_s alone (`coin`)
    FRAMING = 5
    COLOUR = 6
    SENSOR = 7
    NOISE = 8  # of the sensor, one number per pixel and channel


@unique
class PairStream(IntEnum):
    """The uses of NumPy's generators (`pair_generator`); their numbers may be the same as those of `Stream`."""

    EPOCH = 0  # the order of an epoch's anchors
    PARTNER = 1  # which image of an anchor's identity is its partner
    CLUSTER = 2  # which clusters, and which of their images, a step of adaptation sees


def pair_generator(seed: int, stream: PairStream, index: int) -> np.random.Generator:
    """NumPy's generator for the epoch or the step `index`."""
    return np.random.default_rng((seed, int(stream), index))


def generator_for(seed: int, step: int, rank: int, stream: Stream) -> torch.Generator:
    """A CPU generator for (seed, step, rank, stream), each a whole number in 0..2^64-1."""
    key = hashlib.blake2b(struct.pack("<4Q", seed, step, rank, stream), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key) >> 1)


def coin(seed: int, step: int) -> bool:
    """The fair coin of L_recon^code2, thrown once per step for all processes."""
    return bool(torch.rand((), generator=generator_for(seed, step, 0, Stream.COIN)) < 0.5)


def draw(
    seed: int, step: int, stream: Stream, shape: tuple[int, int, int], rank: int = 0, world_size: int = 1
) -> Tensor:
    """Draws in [0, 1) for `shape` = (views, images, numbers per image), as float32 (views · images)×numbers.

    They are this rank's part of what a single process would draw for the images of all ranks, in the ranks' order.
    """
    views, images, numbers = shape
    everyone = torch.rand(views, images * world_size, numbers, generator=generator_for(seed, step, 0, stream))
    return everyone[:, rank * images : (rank + 1) * images].reshape(views * images, numbers)
