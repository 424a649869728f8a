"""Random numbers as pure functions of the step: every use has a stream of its own, and all are named here."""

from __future__ import annotations

import hashlib
import struct

import torch
from torch import Tensor


def generator_for(seed: int, step: int, rank: int, stream: int = 0) -> torch.Generator:
    """A CPU generator for (seed, step, rank), and for the `stream`-th independent use of it. All are in 0..2^64-1."""
    key = hashlib.blake2b(struct.pack("<4Q", seed, step, rank, stream), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key) >> 1)


def draw(seed: int, step: int, stream: int, shape: tuple[int, int, int], rank: int = 0, world_size: int = 1) -> Tensor:
    """Numbers in [0, 1) for `shape` = (views, images, numbers an image), as float32 (views · images)×numbers.

    They are this rank's share of what one process draws for the images of all ranks, one rank's after another's.
    """
    views, images, numbers = shape
    everyone = torch.rand(views, images * world_size, numbers, generator=generator_for(seed, step, 0, stream))
    return everyone[:, rank * images : (rank + 1) * images].reshape(views * images, numbers)
