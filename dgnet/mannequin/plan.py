"""What an edition contains: which identity is seen when, in which split, under which file name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dgnet.errors import DgnetError
from dgnet.mannequin.identity import outfit_owner
from dgnet.mannequin.scene.cameras import CAMERAS
from dgnet.mannequin.swaps import SWAPS_FOLDER

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"


class EditionError(DgnetError, ValueError):
    """An edition that cannot be made; the message names the number or the folder."""


@dataclass(frozen=True)
class EditionSpec:
    """One edition of the data set; `size` is (height, width), `quality` the JPEG's.

    Each identity passes `cameras_per_id` of the six cameras, `images_per_camera` images each. Identities 1 to
    `num_train_ids` are for training, the next `num_test_ids` for testing; up to `num_swap_targets` pairs of test
    images of different people have their true swap. Of people seen once, `num_distractors` are pid 0 of the gallery.
    """

    num_train_ids: int = 150
    num_test_ids: int = 50
    images_per_camera: int = 3
    cameras_per_id: int = 5
    num_swap_targets: int = 300
    num_distractors: int = 50
    size: tuple[int, int] = (128, 64)
    seed: int = 0
    quality: int = 88

    def __post_init__(self) -> None:
        for name, low in (
            ("num_train_ids", 2),
            ("num_test_ids", 2),
            ("images_per_camera", 2),
            ("num_swap_targets", 1),
            ("num_distractors", 0),
            ("seed", 0),
        ):
            if getattr(self, name) < low:
                raise EditionError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if not 2 <= self.cameras_per_id <= len(CAMERAS):
            raise EditionError(f"cameras_per_id must be 2 to {len(CAMERAS)}, got {self.cameras_per_id}")
        if min(self.size) < 16:
            raise EditionError(f"size must be at least 16x16 pixels, got {self.size[0]}x{self.size[1]}")
        if not 1 <= self.quality <= 100:
            raise EditionError(f"quality must be 1 to 100, got {self.quality}")


@dataclass(frozen=True, slots=True)
class Shot:
    """One image: moment `index` of identity `person` before camera `camid`, written as `path` in the tree."""

    person: int
    camid: int
    index: int
    path: str


@dataclass(frozen=True, slots=True)
class Swap:
    """The true swap of two shots."""

    appearance: Shot
    structure: Shot
    path: str


def cameras_of(spec: EditionSpec, person: int) -> tuple[int, ...]:
    """The cameras an identity passes."""
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 11, person]))
    chosen = rng.choice(len(CAMERAS), spec.cameras_per_id, replace=False) + 1
    return tuple(sorted(int(camid) for camid in chosen))


def plan_shots(spec: EditionSpec, person: int) -> list[Shot]:
    """All images of one identity. In each camera the first image of a test identity is its query."""
    train = person <= spec.num_train_ids
    distractor = person > spec.num_train_ids + spec.num_test_ids
    shots = []
    for camid in cameras_of(spec, person)[: 1 if distractor else None]:
        start = int(np.random.default_rng(np.random.SeedSequence([spec.seed, 12, person, camid])).integers(100, 99000))
        for index in range(1 if distractor else spec.images_per_camera):
            folder = TRAIN if train else QUERY if index == 0 and not distractor else GALLERY
            pid = 0 if distractor else person
            # Distractors share pid 0: the identity's own number keeps their names apart, as a bounding box's would.
            box = 1 + (person - spec.num_train_ids - spec.num_test_ids if distractor else 0)
            path = f"{folder}/{pid:04d}_c{camid}s1_{start + 25 * index:06d}_{box:02d}.jpg"
            shots.append(Shot(person, camid, index, path))
    return shots


def plan_people(spec: EditionSpec) -> range:
    """Every identity of the edition: training, test, distractors."""
    return range(1, spec.num_train_ids + spec.num_test_ids + spec.num_distractors + 1)


def plan_swaps(spec: EditionSpec) -> list[Swap]:
    """Pairs of images of test identities that wear different outfits, each pair once; fewer if there are no more."""
    test = range(spec.num_train_ids + 1, spec.num_train_ids + spec.num_test_ids + 1)
    shots = {person: plan_shots(spec, person) for person in test}
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, 13]))
    swaps: dict[tuple[str, str], Swap] = {}
    per_person = spec.cameras_per_id * spec.images_per_camera
    most = per_person**2 * sum(outfit_owner(i) != outfit_owner(j) for i in test for j in test)
    if most == 0:
        raise EditionError(
            f"the {spec.num_test_ids} test identities all wear one outfit, so none can swap: ask for more"
        )
    while len(swaps) < min(spec.num_swap_targets, most):
        i, j = (int(k) for k in rng.integers(test.start, test.stop, 2))
        a, s = shots[i][int(rng.integers(per_person))], shots[j][int(rng.integers(per_person))]
        if outfit_owner(i) != outfit_owner(j) and (a.path, s.path) not in swaps:
            swaps[a.path, s.path] = Swap(a, s, f"{SWAPS_FOLDER}/{len(swaps):04d}_a{i:04d}_s{j:04d}.jpg")
    return list(swaps.values())
