"""Plans of synthetic data sets: which pairs, in which shards; and which of the drawn images are kept."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from dgnet.data.records import Record
from dgnet.generation.synthesis.people import nearest_others, people_of
from dgnet.generation.synthesis.plan import SHARD, Planner, Round, Shard
from dgnet.generation.synthesis.recipe import Recipe, Sources, SynthesisError
from dgnet.generation.synthesis.select import select
from dgnet.generation.synthesis.shards import Measured, thumbnails

SOURCES = Sources(tuple(Record(f"{p}_{c}_{k}.jpg", p, c) for p in (3, 5, 9, 11) for c in (1, 2) for k in (0, 1, 2)))


def pairs_of(planned: Round) -> dict[int, tuple[int, int]]:
    """(i, j) by number."""
    return {
        number: (i, j)
        for shard in planned.shards
        for number, i, j in zip(shard.numbers.tolist(), shard.i.tolist(), shard.j.tolist(), strict=True)
    }


def plan(pairs: str, count: int, seed: int = 0, nearest: np.ndarray | None = None) -> dict[int, tuple[int, int]]:
    return pairs_of(Planner(SOURCES, Recipe(count, pairs=pairs, seed=seed), nearest).round(count))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["random", "cross_camera", "balanced"])
def test_pairs_are_of_two_people_and_never_the_same_twice(rule: str) -> None:
    found = plan(rule, 120)
    assert sorted(found) == list(range(120))
    assert len(set(found.values())) == 120
    for i, j in found.values():
        assert SOURCES.pids[i] != SOURCES.pids[j]
        assert rule != "cross_camera" or SOURCES.camids[i] != SOURCES.camids[j]
    assert plan(rule, 120, seed=1) != found


@pytest.mark.parametrize("rule", ["random", "cross_camera", "balanced"])
def test_a_pair_does_not_depend_on_how_many_come_after_it(rule: str) -> None:
    """Candidate n is the same in a plan of any length, and in one round or several."""
    whole = plan(rule, 60)
    assert plan(rule, 20) == {number: whole[number] for number in range(20)}
    planner = Planner(SOURCES, Recipe(60, pairs=rule))  # type: ignore[arg-type]
    assert pairs_of(planner.round(25)) | pairs_of(planner.round(35)) == whole


@pytest.mark.parametrize(("rule", "total"), [("random", 24 * 18), ("cross_camera", 24 * 9)])
def test_every_pair_there_is_can_be_drawn_and_no_more(rule: str, total: int) -> None:
    planner = Planner(SOURCES, Recipe(1000, pairs=rule))  # type: ignore[arg-type]
    found = pairs_of(planner.round(1000))
    assert len(found) == len(set(found.values())) == total
    assert planner.exhausted


def test_balanced_people_give_and_wear_equally_often() -> None:
    found = plan("balanced", 40)
    for side in (0, 1):
        assert set(Counter(SOURCES.pids[pair[side]] for pair in found.values()).values()) == {10}


def test_hardest_pairs_take_the_clothes_of_those_most_like_the_wearer() -> None:
    features = np.random.default_rng(0).normal(size=(len(SOURCES), 8)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    nearest = nearest_others(SOURCES, features)[:, :3]
    for j in range(len(SOURCES)):  # by brute force
        others = [i for i in range(len(SOURCES)) if SOURCES.pids[i] != SOURCES.pids[j]]
        assert nearest[j].tolist() == sorted(others, key=lambda i: -float(features[i] @ features[j]))[:3]
    for i, j in plan("hardest", 50, nearest=nearest).values():
        assert i in nearest[j]


def test_a_person_is_the_mean_of_their_images() -> None:
    features = np.random.default_rng(0).normal(size=(len(SOURCES), 8)).astype(np.float32)
    people = people_of(SOURCES, features)
    for source, pid in enumerate(SOURCES.pids):
        mean = features[SOURCES.pids == pid].mean(axis=0)
        np.testing.assert_allclose(people.features[people.of_source[source]], mean / np.linalg.norm(mean), rtol=1e-5)


def test_shards_hold_whole_structures_and_codes_are_planned_once() -> None:
    many = Sources(tuple(Record(f"{k}.jpg", k, 1) for k in range(60)))
    planner = Planner(many, Recipe(3000))
    first, second = planner.round(1500), planner.round(1500)
    for planned in (first, second):
        structures = [set(shard.j.tolist()) for shard in planned.shards]
        assert sum(map(len, structures)) == len(set().union(*structures))  # no structure is in two shards
        assert all(len(shard.numbers) >= SHARD for shard in planned.shards[:-1])
        for shard in planned.shards:
            assert set(shard.code_of) == set(shard.i.tolist())
    encoded = [source for planned in (first, second) for batch in planned.codes for source in batch.sources.tolist()]
    assert sorted(encoded) == list(range(60))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 0}, "--count: found 0, must be at least 1"),
        ({"share": 1.0}, "--share: found 1.0, must be between 0 and 1"),
        ({"near": -1.0}, "--near: found -1.0"),
        ({"quality": 101}, "--quality: found 101"),
        ({"keep_rank": -1}, "--keep_rank: found -1"),
    ],
)
def test_what_a_recipe_cannot_say(fields: dict, message: str) -> None:
    with pytest.raises(SynthesisError, match=message):
        Recipe(**{"count": 5, **fields})


@pytest.mark.parametrize(
    ("records", "recipe", "message"),
    [
        ([("a", 1, 1), ("b", 1, 2)], Recipe(1), "2 images of 1 people; a swap takes images of two people"),
        ([("a", 1, 1)], Recipe(1), "1 images of 1 people"),
        (
            [("a", 1, -1), ("b", 2, -1)],
            Recipe(1, pairs="cross_camera"),
            "--pairs cross_camera: the cameras are unknown",
        ),
        ([("a", 1, 1), ("b", 2, 1)], Recipe(1, keep_rank=3), "--keep_rank: found 3, but there are only 2 people"),
    ],
)
def test_sources_that_a_recipe_cannot_use(records: list, recipe: Recipe, message: str) -> None:
    with pytest.raises(SynthesisError, match=message):
        Sources(tuple(Record(*record) for record in records)).check(recipe)


def measured(kept: list[bool], greys: list[int]) -> Measured:
    """Images of one grey level each."""
    thumbs = np.stack([np.full((8, 8, 3), grey, dtype=np.uint8) for grey in greys])
    none = np.full(len(kept), np.nan, dtype=np.float32)
    return Measured(np.array(kept), thumbs, none, none, np.zeros(len(kept), dtype=np.int64), none)


def test_the_first_that_pass_are_chosen_in_the_order_of_their_numbers() -> None:
    def shard(numbers: list[int], j: list[int]) -> Shard:
        return Shard("x", np.array(numbers), np.zeros(len(numbers), dtype=np.int64), np.array(j), {})

    shards = [shard([2, 0, 5], [7, 7, 7]), shard([1, 3, 4], [8, 8, 8])]
    found = [measured([True, True, True], [100, 101, 140]), measured([True, False, True], [100, 0, 103])]
    chosen = select(shards, found, Recipe(3, near=2.0))
    # 0 is kept; 1 has another structure; 2 is like 0; 3 passes no filter; 4 is three levels from 1; 5 is not needed.
    assert list(zip(chosen.shard.tolist(), chosen.row.tolist(), strict=True)) == [(0, 1), (1, 0), (1, 2)]
    assert (chosen.num_candidates, chosen.num_filtered, chosen.num_near) == (5, 1, 1)
    assert len(select(shards, found, Recipe(9, near=0.0))) == 5
    assert len(select(shards, found, Recipe(9, near=50.0))) == 2


def test_thumbnails_are_means_of_fields() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 32, 3), dtype=np.uint8)
    small = thumbnails(images)
    assert small.shape == (2, 8, 8, 3)
    for n, row, column, channel in ((0, 0, 0, 0), (1, 7, 7, 2), (1, 3, 5, 1)):
        field = images[n, 8 * row : 8 * row + 8, 4 * column : 4 * column + 4, channel]
        assert small[n, row, column, channel] == round(float(field.mean()))
