"""Rendering: the swapped image is the true one. These tests need anny, which `pip install -e ".[dev]"` brings."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dgnet.mannequin.body.anatomy import Anatomy, Part, anatomy
from dgnet.mannequin.editions.cameras.edition import identity, passage
from dgnet.mannequin.editions.cameras.stations import STATIONS, station
from dgnet.mannequin.render import person_mask, render
from dgnet.mannequin.scene.foreground import Thing, ThingKind
from dgnet.mannequin.structure import Structure

pytestmark = pytest.mark.timeout(900)  # anny's first use on a machine builds its cache: minutes


def structure(pid: int, camid: int, index: int = 0) -> Structure:
    person = identity(7, pid)
    return Structure(person.physique, passage(7, person, camid, index + 1)[index])


def blurred_reach(camid: int, size: tuple[int, int]) -> int:
    """How far, in pixels, a camera's blur spreads a difference."""
    return int(np.ceil(3 * station(camid).camera.blur * size[0])) + 1


def grown(mask: np.ndarray, reach: int) -> np.ndarray:
    padded = np.pad(mask, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    return windows.any((2, 3))


def test_rendering_is_deterministic_alone_or_together() -> None:
    pairs = [(identity(7, pid).appearance, structure(pid, camid)) for pid, camid in ((1, 1), (2, 4))]
    together = [render(appearance, moment) for appearance, moment in pairs]
    for (appearance, moment), image in zip(pairs, together, strict=True):
        np.testing.assert_array_equal(render(appearance, moment), image)


@pytest.mark.parametrize("camid", range(1, 7))
def test_swap_differs_only_where_a_person_is(camid: int) -> None:
    own, given, place = identity(7, 1).appearance, identity(7, 2).appearance, structure(1, camid)
    size = (128, 64)
    image, swap = render(own, place, size), render(given, place, size)
    covered = np.maximum(person_mask(own, place, size), person_mask(given, place, size)) > 0
    person = grown(covered, blurred_reach(camid, size))
    np.testing.assert_array_equal(image[~person], swap[~person])
    assert (image != swap).any(-1)[covered].mean() > 0.5
    assert 0.1 < covered.mean() < 0.5


def test_a_swap_keeps_hair_and_bag() -> None:
    """Another outfit changes no pixel of hair or bag: checked at the head's top and in the middle of a backpack."""
    place = next(
        candidate
        for pid in range(1, 60)
        if (candidate := structure(pid, 5)).physique.bag.value == "backpack" and not candidate.moment.occluders
    )
    place = replace(place, moment=replace(place.moment, azimuth=np.pi, arms=place.moment.arms))
    first, second = render(identity(7, 1).appearance, place), render(identity(7, 2).appearance, place)
    colour = np.array(place.physique.bag_colour) * 255
    same = (first == second).all(-1) & (person_mask(identity(7, 1).appearance, place) == 1)
    assert same.mean() > 0.02
    assert np.abs(first[same].mean(0) - colour).max() < 120


def test_changing_the_structure_changes_the_background_camera() -> None:
    appearance = identity(7, 1).appearance
    images = [render(appearance, structure(1, camid)) for camid in range(1, 7)]
    corners = np.stack([image[:20, :8].reshape(-1, 3).mean(0) for image in images])
    assert np.ptp(corners, axis=0).max() > 40


@pytest.mark.parametrize("size", [(64, 32), (128, 64), (256, 128), (100, 60)])
def test_any_size(size: tuple[int, int]) -> None:
    image = render(identity(7, 3).appearance, structure(3, 5), size)
    assert image.shape == (*size, 3)
    assert image.dtype == np.uint8
    small = np.asarray(Image.fromarray(image).resize((32, 64), Image.Resampling.BOX), float)
    reference = np.asarray(Image.fromarray(render(identity(7, 3).appearance, structure(3, 5), (512, 256))).resize((32, 64), Image.Resampling.BOX), float)  # fmt: skip # noqa: E501
    if size[0] == 2 * size[1]:
        assert np.abs(small - reference).mean() < 6  # the same picture, sharper


@pytest.mark.parametrize("kind", list(ThingKind))
def test_occluders_hide_and_are_the_same_in_the_swap(kind: ThingKind) -> None:
    place = structure(1, 5)
    bare = replace(place, moment=replace(place.moment, occluders=()))
    hidden = replace(place, moment=replace(place.moment, occluders=(Thing(kind, 0.5, 0.6, 0.5),)))
    image, swap = (render(identity(7, pid).appearance, hidden) for pid in (1, 2))
    changed = (render(identity(7, 1).appearance, bare) != image).any(-1)
    assert 0.01 < changed.mean() < 0.6
    covered = person_mask(identity(7, 1).appearance, bare) > 0
    assert (image == swap).all(-1)[covered].mean() > (render(identity(7, 1).appearance, bare) == render(identity(7, 2).appearance, bare)).all(-1)[covered].mean()  # fmt: skip # noqa: E501


def test_clothes_never_move_a_person() -> None:
    """The soles touch the same row in any clothes: the person's place depends on the body, not on the outline."""
    place = structure(2, 1)
    place = replace(place, moment=replace(place.moment, occluders=()))
    rows = [np.nonzero(person_mask(identity(7, pid).appearance, place).any(1))[0] for pid in range(1, 8)]
    assert np.ptp([row[-1] for row in rows]) <= 1
    assert np.ptp([row[0] for row in rows]) == 0  # hair is structure


def test_taller_people_look_taller() -> None:
    place = structure(2, 1)
    heights = []
    for height in (0.4, 0.6):
        physique = replace(place.physique, height=height)
        cover = person_mask(identity(7, 1).appearance, replace(place, physique=physique), (256, 128))
        heights.append(np.ptp(np.nonzero(cover.any(1))[0]))
    assert heights[1] > 1.04 * heights[0]


def test_body_parts_and_canonical_coordinates() -> None:
    model = anatomy()
    assert model.canon[:, 2].min() == pytest.approx(0, abs=2e-3)
    assert model.canon[:, 2].max() == pytest.approx(1, abs=2e-3)
    top = {part: model.canon[model.part == part, 2].max() for part in (Part.FOOT, Part.LEG, Part.TORSO, Part.HEAD)}
    assert top[Part.FOOT] < 0.1 < top[Part.LEG] < 0.6 < top[Part.TORSO] < 0.9 < top[Part.HEAD]
    arm = model.arm[model.part == Part.ARM]
    assert -0.3 < arm.min() < 0.2
    assert 0.8 < arm.max() < 1.2
    assert (model.arm[np.isin(model.part, (Part.TORSO, Part.LEG, Part.HEAD))] < 0).all()
    assert model.faces.max() < len(model.canon) == len(model.part) == len(model.arm)


def test_without_anny_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(ImportError, match=r'pip install "dgnet\[mannequin\]"'):
        Anatomy()


def test_unknown_cameras_are_named() -> None:
    assert len(STATIONS) == 6
    with pytest.raises(ValueError, match="camera 7 does not exist: there are cameras 1 to 6"):
        station(7)
