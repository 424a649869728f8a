"""Rendering in the edition `wild`: each garment, pattern and object is seen, and swaps are true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dgnet.mannequin.body.anatomy import anatomy
from dgnet.mannequin.body.physique import BagKind, Extra, HatKind, Physique
from dgnet.mannequin.clothes.cloth import Cloth
from dgnet.mannequin.clothes.cuts import Hood, Scarf, Shoes, Top, Trousers
from dgnet.mannequin.clothes.figures.prints import Print
from dgnet.mannequin.clothes.garment import Appearance, Garment, Skirt
from dgnet.mannequin.clothes.hanging import hang
from dgnet.mannequin.clothes.points import TRUNK_RADIUS
from dgnet.mannequin.editions.wild.edition import Wild
from dgnet.mannequin.editions.wild.fabrics import KINDS, draw_figures
from dgnet.mannequin.render import person_mask, render
from dgnet.mannequin.scene.light import Edge
from dgnet.mannequin.scene.placement import Placement
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
    """The same scene with nothing in front or carried, the whole body in view, and a camera that does not blur."""
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


def test_open_jackets_show_what_is_under_them() -> None:
    place = plain(structure(2), 0.0)
    under = Garment(Top(0.97, 0.50), Cloth(BLUE), 0.01)
    jackets = (
        replace(GARMENTS["jacket"], cut=Top(0.97, 0.50, open_by=0.04)),
        replace(GARMENTS["jacket"], cut=Top(0.97, 0.50)),
    )
    opened, closed = (render(Appearance((under, jacket), SKIN), place, SIZE).astype(float) for jacket in jackets)
    bluer = (opened - closed)[..., 2] - (opened - closed)[..., 0]
    assert (bluer > 60).mean() > 0.01


def test_open_coats_show_what_is_under_them_and_their_inside() -> None:
    place = plain(structure(2), 0.0)
    trousers = Garment(Trousers(0.06), Cloth(BLUE), 0.01)
    opened, closed = (Appearance((trousers, GARMENTS[name]), SKIN) for name in ("open coat", "coat"))
    images = [render(appearance, place, SIZE).astype(float) for appearance in (opened, closed)]
    bluer = (images[0] - images[1])[..., 2] - (images[0] - images[1])[..., 0]
    assert (bluer > 60).mean() > 0.005
    level = replace(place.moment.camera, pitch=0.0, roll=0.0, distance=100.0)
    place = replace(place, moment=replace(place.moment, camera=level))
    coats = (replace(GARMENTS["open coat"], skirt=Skirt(0.12, 0.15, open_by=by)) for by in (0.5, 0.0))
    masks = [person_mask(Appearance((coat,), SKIN), place, SIZE) for coat in coats]
    assert ((masks[1] > 0.9) & (masks[0] < 0.1)).sum() == 0  # between the legs its inside is seen, not the backdrop


def test_skirts_span_the_legs_and_coats_hide_them() -> None:
    place = plain(structure(2), 1.57)
    place = replace(place, moment=replace(place.moment, stride=1.0, phase=0.0))
    bare, dressed = (person_mask(Appearance(g, SKIN), place, SIZE) for g in ((), (GARMENTS["skirt"],)))
    assert dressed.sum() > 1.1 * bare.sum()  # what lay between the legs is cloth
    assert ((bare > 0.99) & (dressed < 0.01)).sum() == 0


def test_hanging_cloth_faces_outwards() -> None:
    model = anatomy()
    body = model.pose(Physique.neutral(), {})
    garment = GARMENTS["skirt"]
    assert garment.skirt is not None
    mesh, canon = hang(garment, garment.skirt, body, model)
    assert canon.shape == mesh.vertices.shape
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    outwards = (a + b + c) / 3 - mesh.vertices.mean(0)
    assert (np.cross(b - a, c - a)[:, :2] * outwards[:, :2]).sum(1).min() > 0


def test_what_is_near_is_large() -> None:
    body, upright = anatomy().pose(Physique.neutral(), {}), np.eye(3, dtype=np.float32)
    for distance, ratio in ((3.0, 2.0), (7.0, 4 / 3)):
        placement = Placement.of(body, upright, 0.8, (0.0, 0.0), SIZE, distance)
        near, far = placement.project(np.array([[1, -1, 0], [1, 1, 0]], np.float32))[:, 0]
        origin = placement.project(np.zeros((1, 3), np.float32))[0, 0]
        assert (near - origin) / (far - origin) == pytest.approx(ratio, rel=1e-3)


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


@pytest.mark.parametrize("kind", [*BagKind, *HatKind, *Extra])
def test_everything_that_is_carried_is_seen(kind: BagKind | HatKind | Extra) -> None:
    bare = plain(structure(2), 2.5)
    field = {BagKind: "bag", HatKind: "hat", Extra: "extra"}[type(kind)]
    body = replace(bare.physique, **{field: kind, f"{field}_colour": RED})
    image = render(BARE, replace(bare, physique=body), SIZE)
    changed = (image != render(BARE, bare, SIZE)).any(-1).mean()
    assert (changed > 0.002) == (kind.value != "none")


def test_a_print_on_the_back_is_whole() -> None:
    """Where the cloth's coordinate jumps, at the middle of the back, a print does not end."""
    square = Print((3, 3), 2, 0.08, around=np.pi * TRUNK_RADIUS, up=0.70)
    shirts = (Garment(Top(0.97, 0.50), Cloth(RED, figures), 0.02) for figures in ((), ((BLUE, square),)))
    first, second = (render(Appearance((shirt,), SKIN), plain(structure(2), np.pi), SIZE) for shirt in shirts)
    columns = np.nonzero((first != second).any((0, 2)))[0]
    rows = np.nonzero((first != second).any((1, 2)))[0]
    assert np.ptp(columns) == pytest.approx(np.ptp(rows), abs=3)


CHANGES = {
    "roll": {"roll": 0.1},
    "distance": {"distance": 3.0},
    "contrast": {"contrast": 0.7},
    "sharpen": {"sharpen": 1.0},
    "lines": {"lines": 60},
    "quality": {"quality": 20},
    "samples": {"samples": 3},
    "saturation": {"saturation": 0.1},
}


@pytest.mark.parametrize("name", CHANGES)
def test_everything_of_a_camera_changes_the_picture(name: str) -> None:
    place = plain(structure(2))
    view = replace(place.moment.camera, roll=0.0, distance=7.0, contrast=1.0, saturation=1.0)
    images = [
        render(BARE, replace(place, moment=replace(place.moment, camera=each)), SIZE).astype(int)
        for each in (view, replace(view, **CHANGES[name]))
    ]
    assert images[0].shape == images[1].shape == (*SIZE, 3)
    assert (images[0] != images[1]).mean() > 0.01


def test_soft_light_casts_no_shadow_and_edges_darken_one_side() -> None:
    place = plain(structure(2))
    light = replace(place.moment.light, sun=(0.3, -0.5, 0.8), hardness=1.0)
    edge = Edge(angle=0.0, offset=0.0, strength=0.4, soft=0.02)
    lights = (light, replace(light, hardness=0.0), replace(light, edge=edge))
    hard, soft, edged = (
        render(BARE, replace(place, moment=replace(place.moment, light=each)), SIZE).astype(int) for each in lights
    )
    person = person_mask(BARE, place, SIZE) == 1
    assert (soft[person] >= hard[person]).all()
    assert (soft[person] > hard[person] + 5).mean() > 0.05
    np.testing.assert_array_equal(edged[:, :30], hard[:, :30])
    assert edged[:, 34:].mean() < 0.6 * hard[:, 34:].mean()
