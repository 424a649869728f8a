"""The edition `wild`: everything varies but what says who somebody is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from dgnet.mannequin.body.physique import BagKind, Extra, HatKind
from dgnet.mannequin.clothes.cloth import Cloth
from dgnet.mannequin.clothes.cuts import Hood, Scarf, Shoes, Top, Trousers
from dgnet.mannequin.clothes.garment import Appearance, Garment, Skirt
from dgnet.mannequin.colour import difference, from_oklch, to_oklab
from dgnet.mannequin.editions.plan import plan_shots
from dgnet.mannequin.editions.spec import EditionSpec
from dgnet.mannequin.editions.wild.backdrops.scenery import Scenery
from dgnet.mannequin.editions.wild.cameras import NUM_CAMERAS, site
from dgnet.mannequin.editions.wild.colours import draw_beside, draw_worn
from dgnet.mannequin.editions.wild.edition import Wild, outfit_owner, recolours
from dgnet.mannequin.editions.wild.fabrics import KINDS, draw_figures
from dgnet.mannequin.editions.wild.obstacles import Obstacle
from dgnet.mannequin.render import person_mask, render
from dgnet.mannequin.structure import Structure

pytestmark = pytest.mark.timeout(900)  # anny's first use on a machine builds its cache: minutes
SIZE = (128, 64)
DRAWS = Wild()
RED, BLUE, SKIN = (0.8, 0.1, 0.1), (0.1, 0.2, 0.7), (0.8, 0.6, 0.5)
BARE = Appearance((), SKIN)


def structure(pid: int, index: int = 0, seed: int = 3) -> Structure:
    person = DRAWS.identity(seed, pid)
    camid = DRAWS.cameras_of(seed, pid, None)[0]
    return Structure(person.physique, DRAWS.passage(seed, person, camid, index + 1)[index])


def plain(place: Structure, azimuth: float = 0.2) -> Structure:
    """The same with nothing in front, nothing carried, the whole body seen, by a camera that blurs nothing."""
    moment = replace(place.moment, occluders=(), shift=(0.0, 0.0), scale=0.85, azimuth=azimuth)
    view = replace(moment.camera, gain=(1, 1, 1), blur=0.0, noise=0.0, sharpen=0.0, lines=None, quality=None)
    body = replace(place.physique, bag=BagKind.NONE, extra=Extra.NONE, hat=HatKind.NONE, age=0.7)
    return Structure(body, replace(moment, camera=view, light=replace(moment.light, edge=None)))


GARMENTS = {
    "t-shirt": Garment(Top(0.34, 0.53), Cloth(RED), 0.02),
    "vest": Garment(Top(0.04, 0.53, low=0.06), Cloth(RED), 0.01),
    "jacket": Garment(Top(0.97, 0.50, collar=0.03), Cloth(RED), 0.04),
    "open jacket": Garment(Top(0.97, 0.50, open_by=0.04), Cloth(RED), 0.04),
    "coat": Garment(Top(0.97, 0.52), Cloth(RED), 0.04, skirt=Skirt(0.25, 0.1)),
    "open coat": Garment(Top(0.97, 0.52, open_by=0.04), Cloth(RED), 0.04, skirt=Skirt(0.25, 0.1, open_by=0.3)),
    "dress": Garment(Top(0.2, 0.50), Cloth(RED), 0.01, skirt=Skirt(0.3, 0.2, pleats=7)),
    "skirt": Garment(Trousers(0.50, waist=0.62), Cloth(RED), 0.01, skirt=Skirt(0.12, 0.1)),
    "trousers": Garment(Trousers(0.06, flare=2.0), Cloth(RED), 0.02),
    "shorts": Garment(Trousers(0.33), Cloth(RED), 0.02),
    "leggings": Garment(Trousers(0.08, flare=0.0), Cloth(RED), 0.003),
    "shoes": Garment(Shoes(0.06), Cloth(RED), 0.01, creases=False),
    "boots": Garment(Shoes(0.25), Cloth(RED), 0.01, creases=False),
    "sandals": Garment(Shoes(0.05, bare=True), Cloth(RED), 0.006, creases=False),
    "scarf": Garment(Scarf(), Cloth(RED), 0.03),
    "hood": Garment(Hood(), Cloth(RED), 0.02),
}
SHARE = {"scarf": 0.002, "hood": 0.002, "shoes": 0.001, "boots": 0.01, "sandals": 0.0002}


@pytest.mark.parametrize("name", GARMENTS)
def test_every_garment_is_seen(name: str) -> None:
    place = plain(structure(2))
    naked, dressed = render(BARE, place, SIZE), render(Appearance((GARMENTS[name],), SKIN), place, SIZE)
    changed = (naked != dressed).any(-1)
    assert changed.mean() > SHARE.get(name, 0.02)
    redder = dressed[changed].astype(float) - naked[changed]
    assert redder[:, 0].mean() > redder[:, 1].mean() + 5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "plain"])
@pytest.mark.parametrize("seed", range(3))
def test_every_pattern_is_seen(kind: str, seed: int) -> None:
    figures = draw_figures(kind, RED, np.random.default_rng(seed))
    trousers = Garment(Trousers(0.06), Cloth(BLUE), 0.02)
    images = [
        [
            render(Appearance((trousers, Garment(Top(0.97, 0.50), cloth, 0.02)), SKIN), plain(structure(2), turn), SIZE)
            for turn in (0.0, np.pi)
        ]
        for cloth in (Cloth(RED), Cloth(RED, figures))
    ]
    changed = (np.stack(images[0]) != np.stack(images[1])).any(-1)
    assert 0.001 < changed.mean() < 0.3


def test_open_coats_show_what_is_under_them_and_their_inside() -> None:
    place = plain(structure(2), 0.0)
    under = Garment(Top(0.97, 0.50), Cloth(BLUE), 0.01)
    opened, closed = (Appearance((under, GARMENTS[name]), SKIN) for name in ("open coat", "coat"))
    images = [render(appearance, place, SIZE).astype(float) for appearance in (opened, closed)]
    bluer = (images[0] - images[1])[..., 2] - (images[0] - images[1])[..., 0]
    assert (bluer > 60).mean() > 0.005
    masks = [person_mask(appearance, place, SIZE) for appearance in (opened, closed)]
    assert masks[0].sum() > 0.95 * masks[1].sum()


def test_skirts_span_the_legs_and_coats_hide_them() -> None:
    place = plain(structure(2), 1.57)
    place = replace(place, moment=replace(place.moment, stride=1.0, phase=0.0))
    bare, dressed = (person_mask(Appearance(g, SKIN), place, SIZE) for g in ((), (GARMENTS["skirt"],)))
    assert dressed.sum() > 1.1 * bare.sum()  # what lay between the legs is cloth
    assert ((bare > 0.99) & (dressed < 0.01)).sum() == 0


@pytest.mark.parametrize("pid", range(1, 13))
def test_a_swap_keeps_every_pixel_beside_the_person(pid: int) -> None:
    own, given, place = DRAWS.identity(3, pid).appearance, DRAWS.identity(3, pid + 4).appearance, structure(pid)
    # Compression mixes the pixels of a block, sharpening and enlarging those of neighbours: what was drawn is compared.
    view = replace(place.moment.camera, blur=0.0, sharpen=0.0, quality=None, lines=None)
    place = replace(place, moment=replace(place.moment, camera=view))
    image, swap = render(own, place, SIZE), render(given, place, SIZE)
    covered = np.maximum(person_mask(own, place, SIZE), person_mask(given, place, SIZE)) > 0
    np.testing.assert_array_equal(image[~covered], swap[~covered])
    assert (image != swap).any(-1)[covered].mean() > 0.2


def test_all_sizes_show_the_same_picture() -> None:
    for pid in (1, 2, 3):
        place = structure(pid)
        view = replace(place.moment.camera, lines=None, quality=None, noise=0.0, sharpen=0.0)
        place = replace(place, moment=replace(place.moment, camera=view))
        large = render(DRAWS.identity(3, pid).appearance, place, (256, 128)).astype(float)
        small = render(DRAWS.identity(3, pid).appearance, place, (128, 64)).astype(float)
        assert small.shape == (128, 64, 3)
        assert np.abs(large.reshape(128, 2, 64, 2, 3).mean((1, 3)) - small).mean() < 8


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
    """Pairs of the space's definition (Ottosson 2020): white, and the three primaries."""
    assert to_oklab((1, 1, 1)) == pytest.approx((1, 0, 0), abs=1e-3)
    assert to_oklab((1, 0, 0)) == pytest.approx((0.628, 0.225, 0.126), abs=1e-3)
    assert to_oklab((0, 1, 0)) == pytest.approx((0.866, -0.234, 0.179), abs=1e-3)
    assert to_oklab((0, 0, 1)) == pytest.approx((0.452, -0.032, -0.312), abs=1e-3)
    assert max(from_oklch(0.6, 0.5, 1.0)) <= 1


@pytest.mark.parametrize("kind", [*BagKind, *HatKind, *Extra])
def test_everything_that_is_carried_is_seen(kind: BagKind | HatKind | Extra) -> None:
    bare = plain(structure(2), 2.5)
    field = {BagKind: "bag", HatKind: "hat", Extra: "extra"}[type(kind)]
    body = replace(bare.physique, **{field: kind, f"{field}_colour": RED})
    image = render(BARE, replace(bare, physique=body), SIZE)
    changed = (image != render(BARE, bare, SIZE)).any(-1).mean()
    assert (changed > 0.002) == (kind.value != "none")


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
    assert 0 < np.mean(heads) < 0.3
    assert 0 < np.mean(feet) < 0.4
    assert min(tall) < 48
    assert max(tall) == 64
