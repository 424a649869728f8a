"""Who is who, from entries and features: tracks, rules, order, odd input; and how it is scored."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.errors import DgnetError
from dgnet.gallery.calibration.curve import Curve
from dgnet.gallery.links.link import Links, link
from dgnet.gallery.links.places import LinkError, Rules
from dgnet.gallery.links.quality import components, pairwise_f1
from dgnet.gallery.stores.protocol import Entry
from dgnet.retrieval.neighbours import near_pairs

CURVE = Curve((0.2, 0.6), (-8.0, 8.0))  # log-likelihood ratio 0 at a similarity of .4


def gallery(seed: int, num_people: int = 8, each: int = 5, noise: float = 0.25) -> tuple[list[Entry], np.ndarray]:
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(num_people), each)
    features = rng.normal(size=(num_people, 24))[people] + noise * rng.normal(size=(len(people), 24))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    entries = [
        Entry(f"{k:032x}", "", f"{k}.jpg", f"c{k % 3}", float(10 * k), f"p{pid}") for k, pid in enumerate(people)
    ]
    return entries, features.astype(np.float32)


def truth(entries: list[Entry]) -> np.ndarray:
    return np.unique([entry.identity for entry in entries], return_inverse=True)[1]


def linked(entries: list[Entry], features: np.ndarray, rules: Rules | None = None, **options: float) -> Links:
    return link(entries, features, CURVE, rules or Rules(), progress=False, **options)  # type: ignore[arg-type]


def test_people_that_are_told_apart_are_found() -> None:
    entries, features = gallery(0)
    found = linked(entries, features)
    assert pairwise_f1(truth(entries), found.person).f1 == 1
    assert (found.num_people, found.num_units) == (8, 40)
    assert found.prior == pytest.approx(8 * 10 / (40 * 39 / 2), rel=0.5)
    assert (found.certainty > 0.5).all()


@given(seed=st.integers(0, 1000))
def test_the_order_of_entries_does_not_matter(seed: int) -> None:
    entries, features = gallery(seed, noise=0.9)
    order = np.random.default_rng(seed).permutation(len(entries))
    one = linked(entries, features)
    two = linked([entries[place] for place in order], features[order])
    assert two.person.tolist() == one.person[order].tolist()
    assert two.certainty == pytest.approx(one.certainty[order])
    sizes = np.bincount(one.person)[1:]
    assert (np.diff(sizes) <= 0).all()
    assert sizes.min() > 0


@given(seed=st.integers(0, 1000), frames=st.booleans(), seconds=st.sampled_from([0.0, 3.0]))
def test_nobody_is_in_two_places(seed: int, frames: bool, seconds: float) -> None:
    """Everybody looks the same, so the rules alone keep people apart."""
    rng = np.random.default_rng(seed)
    entries = [
        Entry(
            f"{k:032x}", "", "", rng.choice(["a", "b", ""]), float(rng.integers(0, 6)), "", rng.choice(["", "1", "2"])
        )
        for k in range(30)
    ]
    features = np.tile(np.float32([0.6, 0.8]), (30, 1))
    found = linked(entries, features, Rules(apart=seconds, frames=frames), prior=0.5)
    for one, two in combinations(range(30), 2):
        a, b = entries[one], entries[two]
        if a.track and (a.camera, a.track) == (b.camera, b.track):
            assert found.person[one] == found.person[two]
        elif found.person[one] == found.person[two] and a.camera and b.camera:
            if a.camera != b.camera:
                assert abs((a.time or 0) - (b.time or 0)) > seconds
            elif frames:
                assert a.time != b.time


def test_entries_of_a_track_stay_together_whatever_they_look_like() -> None:
    entries, features = gallery(1)
    entries = [Entry(e.id, "", e.source, "c1", e.time, e.identity, f"t{k // 2}") for k, e in enumerate(entries)]
    found = linked(entries, features)
    assert found.num_units == 20
    assert (found.person[::2] == found.person[1::2]).all()


def test_far_people_of_no_hope_stay_alone() -> None:
    found = linked(*gallery(2), prior=1e-9)
    assert found.num_people == 40
    assert found.certainty.tolist() == [1.0] * 40


def test_odd_input() -> None:
    entries, features = gallery(0)
    with pytest.raises(LinkError, match="empty"):
        linked([], features[:0])
    broken = features.copy()
    broken[3, 2] = np.nan
    with pytest.raises(DgnetError, match="NaN or infinity in row 3"):
        linked(entries, broken)
    with pytest.raises(DgnetError, match="share between 0 and 1"):
        linked(entries, features, prior=1.0)
    alone = linked(entries[:1], features[:1])
    assert (alone.person.tolist(), alone.certainty.tolist()) == ([1], [1.0])
    same = linked(entries[:5], np.repeat(features[:1], 5, axis=0))  # one person alone: all are joined
    assert same.num_people == 1


@given(seed=st.integers(0, 10_000), number=st.integers(2, 30))
def test_f1_counts_pairs(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = rng.integers(0, 5, number), rng.integers(0, 5, number)
    pairs = list(combinations(range(number), 2))
    same, put = ({(a, b) for a, b in pairs if labels[a] == labels[b]} for labels in (one, two))
    found = pairwise_f1(one, two)
    assert found.precision == pytest.approx(len(same & put) / len(put) if put else 1)
    assert found.recall == pytest.approx(len(same & put) / len(same) if same else 1)
    both = found.precision + found.recall
    assert found.f1 == pytest.approx(2 * found.precision * found.recall / both if both else 0)


@given(seed=st.integers(0, 10_000), threshold=st.floats(-1, 1))
def test_components_are_chains_of_similar_pairs(seed: int, threshold: float) -> None:
    _, features = gallery(seed, noise=1.0)
    number = len(features)
    similar = features @ features.T >= threshold
    reach = np.linalg.matrix_power(similar.astype(float) + np.eye(number), number) > 0
    labels = components(number, near_pairs(features, number - 1, progress=False), threshold)
    assert ((labels[:, None] == labels) == reach).all()


@pytest.mark.parametrize("k", [1, 3, 39])
def test_near_pairs_are_the_nearest_others_of_either(k: int) -> None:
    _, features = gallery(0, noise=1.0)
    similarity = features @ features.T
    np.fill_diagonal(similarity, -np.inf)
    expected = {tuple(sorted((row, int(column)))) for row in range(40) for column in np.argsort(-similarity[row])[:k]}
    found = near_pairs(features, k, progress=False)
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
    assert len(found.first) == len(expected)
    assert found.similarity == pytest.approx(similarity[found.first, found.second], abs=1e-6)
