"""What a synthetic data set is made of, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dgnet.data.records import UNKNOWN_CAMERA, Record
from dgnet.errors import DgnetError

Int64Array = npt.NDArray[np.int64]
PairRule = Literal["random", "cross_camera", "hardest", "balanced"]
IdentityRule = Literal["appearance", "structure", "both"]


class SynthesisError(DgnetError, ValueError):
    """A data set that cannot be made; the message names the option or the folder, and what to do."""


@dataclass(frozen=True)
class Recipe:
    """The rules by which a synthetic data set is made; the same recipe, model and sources give the same files.

    Args:
        count: images to make.
        pairs: which x_i and x_j are swapped, always of different people. `random`: any, all equally likely.
            `cross_camera`: by different cameras. `hardest`: x_i is among the images most like x_j by re-id features.
            `balanced`: every person gives the clothes equally often, and the structure equally often.
        identity: whose pid an image gets. `appearance`: i's. `structure`: j's. `both`: i's, and a soft label that
            gives j a part of it.
        share: the part of i in a soft label (`both`); the rest is j's.
        keep_rank: keep an image only if the person of its pid is among so many people whose mean feature is most like
            the image's; 0 keeps all and computes no features.
        min_realism: keep an image only if D's mean score is at least this (1 real, 0 generated); None asks no D.
        near: drop an image that differs from x_j, or from an earlier image of the same x_j, by less than this: the mean
            absolute difference, in grey levels of 255, of both images averaged over 8 x 8 fields; 0 drops none.
        seed: of everything random.
        quality: of the JPEG files.
    """

    count: int
    pairs: PairRule = "random"
    identity: IdentityRule = "appearance"
    share: float = 0.5
    keep_rank: int = 0
    min_realism: float | None = None
    near: float = 2.0
    seed: int = 0
    quality: int = 95

    def __post_init__(self) -> None:
        def require(fits: bool, option: str, found: object, wanted: str) -> None:
            if not fits:
                raise SynthesisError(f"--{option}: found {found}, must be {wanted}")

        require(self.count >= 1, "count", self.count, "at least 1")
        require(0 < self.share < 1, "share", self.share, "between 0 and 1: the part of who gives the clothes")
        require(self.keep_rank >= 0, "keep_rank", self.keep_rank, "at least 1, or 0 to keep all")
        require(self.near >= 0, "near", self.near, "0 or more, in grey levels")
        require(1 <= self.quality <= 100, "quality", self.quality, "1 to 100")
        require(self.seed >= 0, "seed", self.seed, "0 or more")

    @property
    def needs_features(self) -> bool:
        """Whether re-id features of the sources are needed."""
        return self.pairs == "hardest" or self.keep_rank > 0


@dataclass(frozen=True)
class Sources:
    """The real images that give appearance and structure: their records, and pids and cameras as arrays."""

    records: tuple[Record, ...]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def pids(self) -> Int64Array:
        return np.array([record.pid for record in self.records], dtype=np.int64)

    @property
    def camids(self) -> Int64Array:
        """-1 where the camera is unknown."""
        return np.array([record.camid for record in self.records], dtype=np.int64)

    def check(self, recipe: Recipe) -> None:
        """Raise SynthesisError where the recipe cannot be followed with these images."""
        num_people = len({record.pid for record in self.records})
        if num_people < 2:
            raise SynthesisError(
                f"--data: {len(self)} images of {num_people} people; a swap takes images of two people at least"
            )
        if recipe.pairs == "cross_camera" and len(set(self.camids.tolist()) - {UNKNOWN_CAMERA}) < 2:
            raise SynthesisError("--pairs cross_camera: the cameras are unknown, or there is one only; use random")
        if recipe.keep_rank > num_people:
            raise SynthesisError(f"--keep_rank: found {recipe.keep_rank}, but there are only {num_people} people")
