"""Figures: where images, frames and names lie, whatever the size."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet.generation.figure import FRAME, MAX_LETTERS, PAPER, Layout, shortened

CELL = (64, 32)
IMAGES = {
    (r, c): np.random.default_rng(2 * r + c).integers(0, 256, (*CELL, 3), dtype=np.uint8)
    for r in (0, 1)
    for c in (0, 1)
}


@pytest.mark.parametrize("zoom", [1, 3])
@pytest.mark.parametrize("names", [((), ()), (("a", "b"), ("c", "d")), (("a", "b"), ("a very long name", "d"))])
def test_images_lie_whole_in_their_places_and_names_in_the_margins(zoom: int, names: tuple) -> None:
    layout = Layout(CELL, 2, 2, (1,), (1,), *names)
    picture = layout.draw(IMAGES, [(0, 0)], zoom)
    assert picture.shape == (layout.size[0] * zoom, layout.size[1] * zoom, 3)
    left = picture.copy()
    for (row, column), image in IMAGES.items():
        top, edge = layout.top(row) * zoom, layout.left(column) * zoom
        shown = picture[top : top + CELL[0] * zoom, edge : edge + CELL[1] * zoom]
        if zoom == 1:
            assert np.array_equal(shown, image)
        assert np.abs(shown.mean((0, 1)) - image.mean((0, 1))).max() < 2
        left[top : top + CELL[0] * zoom, edge : edge + CELL[1] * zoom] = PAPER
        framed = (picture[top - 1, edge] == FRAME).all() and (picture[top, edge + CELL[1] * zoom] == FRAME).all()
        assert framed == ((row, column) == (0, 0))
    written = (left[: (layout.top(0) - 2) * zoom] != PAPER).any()
    assert written == bool(names[1])
    assert (left[:, : max(0, layout.left(0) - 2) * zoom] != PAPER).any() == bool(names[0])
    assert layout.upright == (bool(names[1]) and names[1][0] != "c")


def test_a_place_without_an_image_stays_empty() -> None:
    layout = Layout(CELL, 1, 2)
    picture = layout.draw({(0, 1): IMAGES[0, 1]})
    assert (picture[:, : layout.left(1)] == PAPER).all()


def test_long_names_keep_their_beginning_and_their_end() -> None:
    assert shortened("x" * MAX_LETTERS) == "x" * MAX_LETTERS
    assert shortened("0002_c1s1_000451_03_and_more") == "0002_c1s1…3_and_more"
    assert len(shortened("y" * 300)) == MAX_LETTERS


@pytest.mark.parametrize("cell", [(64, 32), (128, 64), (256, 128)])
@pytest.mark.parametrize("zoom", [1, 2])
@pytest.mark.parametrize("name", ["spherical", "mmmmmm", "illi", "0002_c1s1…"])
def test_names_are_not_cut_at_the_edge(cell: tuple[int, int], zoom: int, name: str) -> None:
    """With spaces before it, a name has room enough; without them it has as many columns of ink."""
    layout = Layout(cell, 1, 1, row_names=(name,))
    whole = Layout(cell, 1, 1, row_names=("      " + name,)).draw({}, zoom=zoom)
    shown = layout.draw({}, zoom=zoom)
    inked = [(picture != PAPER).any(axis=(0, 2)).sum() for picture in (shown, whole)]
    assert inked[0] == inked[1]
