"""What an edition contains: which identity is seen when, in which split, under which file name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dgnet.mannequin.editions.edition import EditionError
from dgnet.mannequin.editions.spec import EditionSpec
from dgnet.mannequin.swaps import SWAPS_FOLDER, TRAIN_SWAPS_FOLDER

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"


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
    return spec.draws.cameras_of(spec.seed, person, spec.cameras_per_id)


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
    return _draw_swaps(spec, "test", test, spec.num_swap_targets, SWAPS_FOLDER, stream=13)


def plan_train_swaps(spec: EditionSpec) -> list[Swap]:
    """As `plan_swaps`, but of training identities. The first N of a longer plan are the plan of N."""
    train = range(1, spec.num_train_ids + 1)
    return _draw_swaps(spec, "training", train, spec.num_train_swaps, TRAIN_SWAPS_FOLDER, stream=14)


def _draw_swaps(spec: EditionSpec, kind: str, people: range, count: int, folder: str, *, stream: int) -> list[Swap]:
    if not count:
        return []
    shots = {person: plan_shots(spec, person) for person in people}
    rng = np.random.default_rng(np.random.SeedSequence([spec.seed, stream]))
    alike = spec.draws.same_outfit
    most = _pairs_up_to(count, (len(shots[i]) * len(shots[j]) for i in people for j in people if not alike(i, j)))
    if most == 0:
        raise EditionError(f"the {len(people)} {kind} identities all wear one outfit, so none can swap: ask for more")
    swaps: dict[tuple[str, str], Swap] = {}
    while len(swaps) < most:
        i, j = (int(k) for k in rng.integers(people.start, people.stop, 2))
        a, s = (shots[k][int(rng.integers(len(shots[k])))] for k in (i, j))
        if not alike(i, j) and (a.path, s.path) not in swaps:
            swaps[a.path, s.path] = Swap(a, s, f"{folder}/{len(swaps):04d}_a{i:04d}_s{j:04d}.jpg")
    return list(swaps.values())


def _pairs_up_to(count: int, numbers: Iterable[int]) -> int:
    """The sum of `numbers`, or `count` as soon as that is reached: thousands of people make millions of pairs."""
    total = 0
    for number in numbers:
        total += number
        if total >= count:
            return count
    return total
