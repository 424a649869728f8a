"""The parts of a picture that need no body: cloth, light, backdrops, occluders and the sensor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.mesh import joined, superellipsoid
from dgnet.mannequin.body.physique import BagKind, HairCut, Physique
from dgnet.mannequin.clothes.cloth import Cloth, Figure
from dgnet.mannequin.clothes.cuts import Shoes, Top, Trousers
from dgnet.mannequin.clothes.figures.panels import Below, FrontPanel, Hoops, Yoke
from dgnet.mannequin.clothes.garment import Appearance, Garment, wear
from dgnet.mannequin.clothes.paint import albedo, thickness
from dgnet.mannequin.clothes.points import Points
from dgnet.mannequin.editions.cameras.palette import CLOTH, contrasting, draw_colour
from dgnet.mannequin.editions.cameras.stations import STATIONS, station
from dgnet.mannequin.editions.cameras.views import Window
from dgnet.mannequin.editions.cameras.wardrobe import draw_appearance
from dgnet.mannequin.scene.light import cast_shadow, creases, shade
from dgnet.mannequin.scene.sensor import blur, expose
from dgnet.mannequin.zbuffer import rasterise

RED, BLUE, WHITE, BLACK = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
SKIN = (0.8, 0.6, 0.5)


def outfit(*figures: Figure) -> Appearance:
    """Black shoes with white soles, short blue trousers, a red top with white figures."""
    return Appearance(
        (
            Garment(Shoes(0.06), Cloth(BLACK, ((WHITE, Below(0.017)),)), 0.01),
            Garment(Trousers(0.31), Cloth(BLUE), 0.01),
            Garment(Top(0.46, 0.55), Cloth(RED, tuple((WHITE, figure) for figure in figures)), 0.02),
        ),
        SKIN,
    )


OUTFIT = outfit()


def colour_at(
    part: Part, place: tuple[float, float, float], arm: float = -0.2, clothes: Appearance = OUTFIT, **body: object
) -> tuple[float, ...]:
    points = Points(np.array([part]), np.array([place], np.float32), np.array([arm], np.float32))
    physique = replace(Physique.neutral(), **body)  # type: ignore[arg-type]
    found = albedo(clothes, physique, wear(clothes, points), points)[0]
    return tuple(round(float(value), 3) for value in found)


@pytest.mark.parametrize(
    ("part", "place", "arm", "expected"),
    [
        (Part.TORSO, (0, -0.06, 0.70), -0.2, RED),
        (Part.TORSO, (0, -0.06, 0.50), -0.2, BLUE),
        (Part.ARM, (0.15, 0, 0.74), 0.3, RED),
        (Part.ARM, (0.25, 0, 0.65), 0.7, SKIN),
        (Part.HAND, (0.3, 0, 0.58), 1.1, SKIN),
        (Part.LEG, (0.08, 0, 0.40), -0.2, BLUE),
        (Part.LEG, (0.08, 0, 0.20), -0.2, SKIN),
        (Part.FOOT, (0.1, -0.05, 0.03), -0.2, BLACK),
        (Part.FOOT, (0.1, -0.05, 0.01), -0.2, WHITE),
        (Part.HEAD, (0, -0.07, 0.92), -0.2, SKIN),
        (Part.HEAD, (0, 0.0, 0.99), -0.2, (0.1, 0.1, 0.1)),
    ],
)
def test_each_place_wears_what_covers_it(
    part: Part, place: tuple[float, float, float], arm: float, expected: tuple[float, ...]
) -> None:
    bare = (HairCut.SHORT,)
    assert colour_at(part, place, arm, hair=bare[0]) == pytest.approx(expected, abs=2e-3)


def test_figures_show_the_second_colour() -> None:
    heights = np.linspace(0.58, 0.82, 60)
    for figures, expected in (((), 0.0), ((Hoops(),), 0.5), ((Yoke(),), 0.36)):
        clothes = outfit(*figures)
        second = [colour_at(Part.TORSO, (0.06, -0.06, float(z)), clothes=clothes) == WHITE for z in heights]
        assert np.mean(second) == pytest.approx(expected, abs=0.1)
    panel = outfit(FrontPanel())
    assert colour_at(Part.TORSO, (0.0, -0.06, 0.7), clothes=panel) == WHITE
    assert colour_at(Part.TORSO, (0.0, 0.05, 0.7), clothes=panel) == RED
    assert colour_at(Part.TORSO, (0.07, -0.06, 0.7), clothes=panel) == RED


def test_straps_take_the_colour_of_the_bag() -> None:
    strap = (0.06, -0.06, 0.75)
    assert colour_at(Part.TORSO, strap, bag=BagKind.BACKPACK, bag_colour=BLUE) == BLUE
    assert colour_at(Part.TORSO, strap, bag=BagKind.NONE, bag_colour=BLUE) == RED


def test_cloth_stands_off_the_body_and_skin_does_not() -> None:
    part = np.array([Part.TORSO, Part.LEG, Part.HAND, Part.HEAD])
    canon = np.array([[0, -0.06, 0.7], [0.08, 0, 0.40], [0.3, 0, 0.6], [0, -0.07, 0.92]], np.float32)
    points = Points(part, canon, np.array([-0.2, -0.2, 1.1, -0.2], np.float32))
    np.testing.assert_allclose(thickness(OUTFIT, Physique.neutral(), points), [0.02, 0.01, 0, 0], atol=1e-6)


def test_second_colours_can_be_told_from_the_first() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        first = draw_colour(CLOTH, rng)
        assert sum(abs(a - b) for a, b in zip(first, contrasting(CLOTH, first, rng), strict=True)) >= 0.55


def test_the_palette_is_small_enough_for_likeness() -> None:
    rng = np.random.default_rng(0)
    tops = [draw_appearance(rng).garments[-1].cloth.colour for _ in range(300)]
    assert 10 <= len(set(tops)) <= len(CLOTH)


def test_a_ball_casts_its_shadow_on_what_lies_behind_it() -> None:
    light = replace(STATIONS[0].light, sun=(0.0, 0.0, 1.0))
    floor = superellipsoid((1.0, 1.0, 0.02), (0, 0, -0.5), 0.1, 8, 40)
    ball = superellipsoid((0.3, 0.3, 0.3), (0, 0, 0.3))
    scene = joined([floor, ball])
    points = (scene.vertices[:, :2] * 20 + 32) * [1, -1] + [0, 64]  # seen from above
    fragments = rasterise(points.astype(np.float32), -scene.vertices[:, 2], floor.faces, 64, 64)
    places = fragments.interpolate(floor.faces, scene.vertices)
    hidden = cast_shadow(scene.vertices, scene.faces, places, light)
    x, y = (fragments.pixel % 64 + 0.5 - 32) / 20, (32 - fragments.pixel // 64 - 0.5) / 20
    radius = np.hypot(x, y)
    assert hidden[radius < 0.25].min() > 0.9
    assert hidden[(radius > 0.36) & (radius < 0.9)].max() < 0.1


def test_light_falls_from_the_sun() -> None:
    light, grey = STATIONS[0].light, np.full((2, 3), 0.5, np.float32)
    sun = np.array(light.sun, np.float32)
    towards, away = shade(grey, np.stack([sun, -sun]), np.zeros(2, np.float32), light).mean(1)
    assert towards > 1.3 * away
    shadowed = shade(grey, np.stack([sun, sun]), np.array([0, 1], np.float32), light).mean(1)
    assert shadowed[0] > 1.2 * shadowed[1]


def test_creases_are_in_cloth_alone() -> None:
    canon = np.random.default_rng(0).uniform(0, 1, (200, 3)).astype(np.float32)
    cloth = np.arange(200) % 2 == 0
    tilt = creases(cloth, canon)
    assert not tilt[~cloth].any()
    assert tilt[cloth].any(1).mean() > 0.9
    assert np.abs(tilt).max() < 0.6


def test_backdrops_are_fixed_views() -> None:
    for here in STATIONS:
        window = Window(here.view, 0.3, 1.1).paint(128, 64)
        assert window.shape == (128, 64, 3)
        assert 0 <= window.min() <= window.max() <= 1
        assert window.std() > 0.03
        np.testing.assert_array_equal(window, Window(here.view, 0.3, 1.1).paint(128, 64))
        assert np.abs(window - Window(here.view, 0.8, 1.1).paint(128, 64)).mean() > 0.02


def test_blur_keeps_light_and_spreads_it() -> None:
    image = np.zeros((33, 33, 3), np.float32)
    image[16, 16] = 1
    soft = blur(image, 1.5)
    assert soft.sum() == pytest.approx(3, rel=1e-4)
    spread = (soft[..., 0] * (np.arange(33)[:, None] - 16) ** 2).sum()
    assert spread == pytest.approx(1.5**2, rel=0.05)
    np.testing.assert_array_equal(blur(image, 0.0), image)


def test_the_sensor_s_noise_is_the_moment_s() -> None:
    view = station(4).camera
    image = np.full((32, 16, 3), 0.5, np.float32)
    first = expose(image, view, 0.0, 7)
    np.testing.assert_array_equal(first, expose(image, view, 0.0, 7))
    assert (first != expose(image, view, 0.0, 8)).mean() > 0.3
    assert expose(image, view, 0.2, 7).mean() > first.mean() + 5
