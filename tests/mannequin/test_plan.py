"""What an edition contains, checked without rendering it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from dgnet.mannequin.editions.cameras.edition import identity, outfit_owner, passage
from dgnet.mannequin.editions.plan import cameras_of, plan_people, plan_shots, plan_swaps, plan_train_swaps
from dgnet.mannequin.editions.spec import EditionSpec

SPEC = EditionSpec(num_train_ids=8, num_test_ids=7, num_swap_targets=40, num_distractors=5, seed=3)


def test_file_names_are_those_of_market1501() -> None:
    names = [shot.path for person in plan_people(SPEC) for shot in plan_shots(SPEC, person)]
    pattern = r"(bounding_box_train|query|bounding_box_test)/\d{4,}_c[1-6]s1_\d{6}_\d{2,}\.jpg"
    assert all(re.fullmatch(pattern, name) for name in names)
    assert len(names) == len(set(names)) == 15 * 5 * SPEC.images_per_camera + 5


def test_splits() -> None:
    counts = Counter()
    for person in plan_people(SPEC):
        for shot in plan_shots(SPEC, person):
            folder, name = shot.path.split("/")
            counts[folder] += 1
            expected = 0 if person > 15 else person
            assert name.startswith(f"{expected:04d}_c{shot.camid}")
            assert (folder == "bounding_box_train") == (person <= 8)
    assert counts["query"] == 7 * 5
    assert counts["bounding_box_test"] == 7 * 5 * (SPEC.images_per_camera - 1) + 5


def test_many_distractors_have_names_of_their_own() -> None:
    spec = EditionSpec(num_distractors=400)
    names = [shot.path for person in plan_people(spec) for shot in plan_shots(spec, person)]
    assert len(names) == len(set(names))


def test_swaps_are_of_test_images_and_different_outfits() -> None:
    swaps = plan_swaps(SPEC)
    assert len({(swap.appearance.path, swap.structure.path) for swap in swaps}) == len({s.path for s in swaps}) == 40
    for swap in swaps:
        people = swap.appearance.person, swap.structure.person
        assert all(9 <= person <= 15 for person in people)
        assert outfit_owner(people[0]) != outfit_owner(people[1])
        assert swap.path.endswith(f"_a{people[0]:04d}_s{people[1]:04d}.jpg")


def test_train_swaps_are_of_training_images_and_a_longer_plan_begins_with_the_shorter() -> None:
    images = {shot.path for person in range(1, 9) for shot in plan_shots(SPEC, person)}
    swaps = plan_train_swaps(replace(SPEC, num_train_swaps=60))
    assert len({(swap.appearance.path, swap.structure.path) for swap in swaps}) == len({s.path for s in swaps}) == 60
    for swap in swaps:
        assert {swap.appearance.path, swap.structure.path} <= images
        assert outfit_owner(swap.appearance.person) != outfit_owner(swap.structure.person)
        assert swap.path.startswith("train_swaps/")
    assert plan_train_swaps(replace(SPEC, num_train_swaps=20)) == swaps[:20]
    assert plan_train_swaps(SPEC) == []


def test_plans_depend_on_the_seed_alone() -> None:
    assert plan_swaps(SPEC) == plan_swaps(SPEC)
    other = EditionSpec(num_train_ids=8, num_test_ids=7, num_swap_targets=40, num_distractors=5, seed=4)
    assert plan_swaps(SPEC) != plan_swaps(other)
    assert {cameras_of(SPEC, person) for person in range(1, 40)} != {cameras_of(SPEC, 1)}


def test_an_identity_depends_on_seed_and_pid() -> None:
    assert identity(1, 5) == identity(1, 5)
    assert identity(1, 5) != identity(2, 5)
    assert identity(1, 5).physique != identity(1, 6).physique


def test_some_identities_share_an_outfit_and_differ_in_the_rest() -> None:
    shared = [pid for pid in range(1, 41) if outfit_owner(pid) != pid]
    assert len(shared) >= 5
    for pid in shared:
        wearer, owner = identity(0, pid), identity(0, outfit_owner(pid))
        assert wearer.appearance == owner.appearance
        assert wearer.physique != owner.physique


def test_a_passage_begins_the_same_however_long_it_is() -> None:
    person = identity(0, 1)
    assert passage(0, person, 2, 5)[:3] == passage(0, person, 2, 3)
    assert passage(0, person, 2, 3) != passage(0, person, 3, 3)
    assert len({moment.noise_seed for moment in passage(0, person, 2, 5)}) == 5


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("num_train_ids", 1, "num_train_ids must be at least 2, got 1"),
        ("num_test_ids", 0, "num_test_ids must be at least 2, got 0"),
        ("images_per_camera", 1, "images_per_camera must be at least 2, got 1"),
        ("cameras_per_id", 7, "cameras_per_id must be 2 to 6, got 7"),
        ("num_swap_targets", 0, "num_swap_targets must be at least 1, got 0"),
        ("num_train_swaps", -1, "num_train_swaps must be at least 0, got -1"),
        ("size", (8, 64), "size must be at least 16x16 pixels, got 8x64"),
        ("size", (128, 4000), "size must be at most 2048x2048 pixels, got 128x4000"),
        ("edition", "wildd", "edition: found 'wildd', must be 'cameras' or 'wild'; did you mean 'wild'"),
        ("edition", "", "edition: found '', must be 'cameras' or 'wild'$"),
        ("quality", 0, "quality must be 1 to 100, got 0"),
        ("seed", -1, "seed must be at least 0, got -1"),
    ],
)
def test_impossible_editions_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EditionSpec(**{field: value})  # type: ignore[arg-type]


def test_few_test_identities_give_all_their_pairs() -> None:
    spec = EditionSpec(num_train_ids=3, num_test_ids=2, num_swap_targets=500, cameras_per_id=2, images_per_camera=2)
    swaps = plan_swaps(spec)
    assert len({(swap.appearance.path, swap.structure.path) for swap in swaps}) == len(swaps) == 2 * 4 * 4


def test_test_identities_of_one_outfit_cannot_swap() -> None:
    with pytest.raises(ValueError, match="the 2 test identities all wear one outfit, so none can swap"):
        plan_swaps(EditionSpec(num_train_ids=2, num_test_ids=2))
