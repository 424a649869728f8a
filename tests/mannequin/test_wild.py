"""The edition `wild`: everything varies except what identifies a person."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dgnet.mannequin.clothes.cuts import Hood, Scarf, Shoes, Top, Trousers
from dgnet.mannequin.clothes.garment import Appearance
from dgnet.mannequin.colour import difference, from_oklch, to_oklab
from dgnet.mannequin.editions.plan import plan_shots
from dgnet.mannequin.editions.spec import EditionSpec
from dgnet.mannequin.editions.wild.backdrops.scenery import Scenery
from dgnet.mannequin.editions.wild.cameras import NUM_CAMERAS, site
from dgnet.mannequin.editions.wild.colours import draw_beside, draw_worn
from dgnet.mannequin.editions.wild.edition import Wild, outfit_owner, recolours
from dgnet.mannequin.editions.wild.obstacles import Obstacle
from dgnet.mannequin.render import person_mask
from dgnet.mannequin.structure import Structure

pytestmark = pytest.mark.timeout(900)  # anny's first use on a machine builds its cache: minutes
SIZE = (128, 64)
DRAWS = Wild()
RED, BLUE, SKIN = (0.8, 0.1, 0.1), (0.1, 0.2, 0.7), (0.8, 0.6, 0.5)
BARE = Appearance((), SKIN)


def test_backdrops_are_new_in_every_image_of_a_camera() -> None:
    person = DRAWS.identity(0, 1)
    moments = DRAWS.passage(0, person, 7, 6)
    assert len({moment.camera for moment in moments}) == 1
    painted = [moment.backdrop.paint(*SIZE) for moment in moments]
    for first, second in itertools.combinations(painted, 2):
        assert np.abs(first - second).mean() > 0.02


@pytest.mark.parametrize("kind", ["facade", "shops", "green", "open", "ground", "corridor", "anything"])
def test_every_backdrop_is_painted(kind: str) -> None:
    for seed, horizon in itertools.product(range(4), (-0.3, 0.1, 0.5, 0.8)):
        scenery = Scenery(kind, horizon, 0, seed)
        image = scenery.paint(100, 60)
        assert image.shape == (100, 60, 3)
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.max() <= 1
        np.testing.assert_array_equal(image, scenery.paint(100, 60))


@pytest.mark.parametrize("kind", ["person", "car", "bicycle", "block", "leaves"])
def test_every_obstacle_hides_a_part(kind: str) -> None:
    image = np.full((128, 64, 3), 0.5, np.float32)
    for seed in range(4):
        hidden = Obstacle(kind, 0.5, 0.45, 0, seed).over(image)
        assert 0.01 < (hidden != image).any(-1).mean() < 0.9
        assert 0 <= hidden.min() <= hidden.max() <= 1


def test_cameras_differ_and_are_shared_by_chance() -> None:
    cameras = {site(0, camid).camera for camid in range(1, NUM_CAMERAS + 1)}
    assert len(cameras) == NUM_CAMERAS
    assert site(0, 5) == site(0, 5)
    assert site(0, 5) != site(1, 5)
    passed = [DRAWS.cameras_of(0, pid, None) for pid in range(1, 400)]
    assert {len(each) for each in passed} == {3, 4, 5, 6}
    assert len({camid for each in passed for camid in each}) > 290
    assert len(DRAWS.cameras_of(0, 1, 2)) == 2
    with pytest.raises(ValueError, match="camera 301 does not exist: there are cameras 1 to 300"):
        site(0, 301)


def test_an_identity_is_the_same_before_every_camera() -> None:
    assert DRAWS.identity(0, 9) == DRAWS.identity(0, 9)
    assert DRAWS.identity(0, 9) != DRAWS.identity(1, 9)
    person = DRAWS.identity(0, 9)
    assert DRAWS.passage(0, person, 3, 4)[:2] == DRAWS.passage(0, person, 3, 2)


def test_some_people_are_alike() -> None:
    people = {pid: DRAWS.identity(0, pid) for pid in range(1, 17)}
    for pid, person in people.items():
        owner = people[outfit_owner(pid)]
        if pid != owner.pid:
            differing = sum(a != b for a, b in zip(person.appearance.garments, owner.appearance.garments, strict=True))
            assert differing == recolours(pid)
            assert person.physique != owner.physique
            assert DRAWS.same_outfit(pid, owner.pid) != recolours(pid)
    assert [pid for pid in people if outfit_owner(pid) != pid] == [5, 6, 7, 8, 13, 14, 15, 16]
    assert DRAWS.same_outfit(7, 7)
    assert not DRAWS.same_outfit(7, 8)


def test_thousands_of_outfits_are_thousands() -> None:
    outfits = [DRAWS.identity(0, pid).appearance for pid in range(1, 1001, 8)]
    assert len({repr(each.garments) for each in outfits}) == len(outfits)
    garments = [garment for each in outfits for garment in each.garments]
    assert any(garment.skirt for garment in garments)
    assert {type(garment.cut) for garment in garments} == {Top, Trousers, Shoes, Scarf, Hood}


def test_people_wear_colours_as_people_do() -> None:
    rng = np.random.default_rng(0)
    worn = np.array([to_oklab(draw_worn(rng)) for _ in range(3000)])
    chroma = np.hypot(worn[:, 1], worn[:, 2])
    assert 0.25 < ((worn[:, 0] < 0.36) & (chroma < 0.03)).mean() < 0.40  # black
    assert 0.10 < ((worn[:, 0] > 0.84) & (chroma < 0.03)).mean() < 0.25  # white
    assert (chroma > 0.06).mean() > 0.12
    red = from_oklch(*to_oklch(RED))
    assert difference(red, RED) < 0.005
    for _ in range(50):
        first = draw_worn(rng)
        assert difference(first, draw_beside(first, rng)) >= 0.14


def to_oklch(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    lightness, a, b = to_oklab(colour)
    return lightness, float(np.hypot(a, b)), float(np.arctan2(b, a))


def test_colours_of_oklab_are_the_published_ones() -> None:
    """Pairs of colours from the definition of Oklab (Ottosson 2020): white, and the three primaries."""
    assert to_oklab((1, 1, 1)) == pytest.approx((1, 0, 0), abs=1e-3)
    assert to_oklab((1, 0, 0)) == pytest.approx((0.628, 0.225, 0.126), abs=1e-3)
    assert to_oklab((0, 1, 0)) == pytest.approx((0.866, -0.234, 0.179), abs=1e-3)
    assert to_oklab((0, 0, 1)) == pytest.approx((0.452, -0.032, -0.312), abs=1e-3)
    assert max(from_oklch(0.6, 0.5, 1.0)) <= 1


def test_crops_are_off_centre_cut_and_too_large() -> None:
    spec = EditionSpec(edition="wild", num_train_ids=60, num_test_ids=8)
    heads, feet, tall = [], [], []
    for pid in range(1, 25):
        for shot in plan_shots(spec, pid)[:2]:
            person = DRAWS.identity(0, pid)
            moment = DRAWS.passage(0, person, shot.camid, shot.index + 1)[shot.index]
            rows = np.nonzero(person_mask(BARE, Structure(person.physique, moment), (64, 32)).any(1))[0]
            heads.append(rows[0] == 0)
            feet.append(rows[-1] == 63)
            tall.append(len(rows))
    assert 0.05 < np.mean(heads) < 0.35
    assert 0.05 < np.mean(feet) < 0.4
    assert min(tall) < 48
    assert max(tall) == 64
