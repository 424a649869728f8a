"""Films: the boxes are those of the people in the picture, the nearer hide the farther, people leave and come back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dgnet.mannequin.editions.edition import EditionError
from dgnet.mannequin.film.film import render_film
from dgnet.mannequin.film.walks import Leg, Walker, draw_walkers

NUM_FRAMES = 200


def test_everyone_leaves_and_comes_back() -> None:
    walkers = draw_walkers(3, 5, NUM_FRAMES)
    assert len({walker.person.pid for walker in walkers}) == 5
    for walker in walkers:
        seen = [walker.pose(frame) is not None for frame in range(NUM_FRAMES)]
        assert sum(before and not after for before, after in pairwise(seen)) >= 1
        for before, after in pairwise(walker.legs):
            assert after.first - before.last >= 10
            assert np.sign(before.end[0]) == np.sign(after.start[0])  # back on the side where they left
    assert draw_walkers(3, 5, NUM_FRAMES) == walkers
    assert draw_walkers(4, 5, NUM_FRAMES) != walkers


def test_a_film_needs_people_and_outfits() -> None:
    with pytest.raises(EditionError, match="found 0 people and 10 frames"):
        draw_walkers(0, 0, 10)
    with pytest.raises(EditionError, match=r"a film of 5000 people: found [0-9]+ outfits; give fewer people"):
        draw_walkers(0, 5000, 10)


def standing(walker: Walker, x: float, z: float) -> Walker:
    """The person at one place, walking on the spot."""
    return Walker(walker.person, (Leg(0, 100, (x, z), (x, z - 1e-6)),))


@pytest.mark.timeout(900)  # anny's first use on a machine builds its cache: minutes
def test_boxes_hold_the_people_and_the_nearer_hide_the_farther() -> None:
    pytest.importorskip("anny")
    first, second, third = draw_walkers(0, 3, 10)
    size = (120, 213)
    near, far, cut = standing(first, 0.0, 7.0), standing(second, 0.05, 11.0), standing(third, 3.65, 9.0)
    (empty,) = render_film([], 1, size=size)
    (alone,) = render_film([near], 1, size=size)
    changed = np.abs(alone.image.astype(int) - empty.image).max(2) > 30
    x1, y1, x2, y2 = alone.boxes[0].astype(int)
    upper = y1 + (y2 - y1) // 2  # above the shadow on the ground
    inside = changed[y1:upper, x1:x2]
    assert inside.any(1).mean() > 0.9
    assert inside.sum() > 0.9 * changed[:upper].sum()
    assert alone.visible.tolist() == [1.0]

    (frame,) = render_film([near, far, cut], 1, size=size)
    found = dict(zip(frame.pids.tolist(), zip(frame.boxes, frame.visible, strict=True), strict=True))
    assert frame.pids.tolist() == [second.person.pid, third.person.pid, first.person.pid]  # the farthest first
    np.testing.assert_array_equal(found[first.person.pid][0], alone.boxes[0])
    assert found[first.person.pid][1] == 1
    assert found[second.person.pid][1] < 0.5
    heights = {pid: box[3] - box[1] for pid, (box, _) in found.items()}
    assert heights[first.person.pid] > 1.2 * heights[second.person.pid]
    box, visible = found[third.person.pid]
    assert box[2] == size[1]
    assert 0.05 < visible < 0.95
    again = list(render_film([near, far, cut], 2, size=size))
    np.testing.assert_array_equal(again[0].image, frame.image)
    (gone,) = render_film([standing(first, 40.0, 7.0)], 1, size=size)
    assert (gone.pids.shape, gone.boxes.shape) == ((0,), (0, 4))
