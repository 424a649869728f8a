"""Swapping, interpolating and laying out pictures."""

import numpy as np
import pytest
import torch

from dgnet.config import RunConfig
from dgnet.data.normalise import normalise
from dgnet.generation.figure import GAP, MARGIN
from dgnet.generation.grid import grid_layout, swap_sheet
from dgnet.generation.interpolate import blend, interpolate, interpolate_structure
from dgnet.generation.paste import paste
from dgnet.generation.swap import swap_and_paste_pairs, swap_matrix, swap_pairs, to_u8
from dgnet.models.dgnet import DGNet


@pytest.fixture
def model(config: RunConfig) -> DGNet:
    torch.manual_seed(0)
    return DGNet(config.network, 4).eval()


@pytest.fixture
def people() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 64, 32, 3), dtype=np.uint8)


def test_pixels_survive_the_way_to_the_network_and_back(people: np.ndarray) -> None:
    assert np.array_equal(to_u8(normalise(torch.from_numpy(people))), people)


def close(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two images are equal up to the rounding of pixels between two grey levels."""
    return int(np.abs(first.astype(int) - second.astype(int)).max()) <= 1


def test_pairs_are_the_models_swaps_whatever_the_batch_size(model: DGNet, people: np.ndarray) -> None:
    givers, wearers = people, people[::-1].copy()
    with torch.inference_mode():
        expected = to_u8(model.swap(normalise(torch.from_numpy(givers)), normalise(torch.from_numpy(wearers))))
    assert close(swap_pairs(model, givers, wearers, batch_size=2), expected)


def test_a_matrix_holds_every_pair(model: DGNet, people: np.ndarray) -> None:
    rows, columns = people[:2], people[2:]
    matrix = swap_matrix(model, rows, columns)
    assert matrix.shape == (2, 3, 64, 32, 3)
    for r in range(2):
        assert close(matrix[r], swap_pairs(model, np.repeat(rows[r : r + 1], 3, axis=0), columns))


def test_a_pasted_swap_keeps_the_wearers_own_image_but_for_the_clothes(model: DGNet, people: np.ndarray) -> None:
    rows, columns = people[:2], people[2:]
    givers, wearers = np.repeat(rows, 3, axis=0), np.concatenate([columns] * 2)
    whole, pasted = swap_and_paste_pairs(model, givers, wearers, batch_size=4)
    with torch.inference_mode():
        x_i, x_j = (normalise(torch.from_numpy(images)) for images in (givers, wearers))
        expected = to_u8(paste(x_j, model.swap(x_j, x_j), model.swap(x_i, x_j)))
    assert close(pasted, expected)
    assert not close(pasted, swap_pairs(model, givers, wearers))
    assert close(whole, swap_pairs(model, givers, wearers))
    assert close(swap_matrix(model, rows, columns, pasted=True).reshape(pasted.shape), pasted)
    assert np.array_equal(swap_and_paste_pairs(model, people, people)[1], people)  # one's own clothes change nothing


def test_interpolation_begins_and_ends_with_the_two_swaps(model: DGNet, people: np.ndarray) -> None:
    frames = interpolate(model, people[0], people[1], people[2], num_steps=5)
    assert frames.shape == (5, 64, 32, 3)
    ends = swap_pairs(model, people[:2], np.stack([people[2]] * 2))
    assert close(frames[[0, -1]], ends)


@pytest.mark.parametrize("spherical", [False, True])
def test_interpolated_structures_begin_and_end_with_the_two_swaps(
    spherical: bool, model: DGNet, people: np.ndarray
) -> None:
    frames = interpolate_structure(model, people[0], people[1], people[2], num_steps=4, spherical=spherical)
    ends = swap_pairs(model, np.stack([people[2]] * 2), people[:2])
    assert close(frames[[0, -1]], ends)
    assert not close(frames[1], ends[0])


def test_the_arc_between_two_codes_is_on_the_sphere() -> None:
    """Equally long codes keep their length, and equal steps are equal angles; against a plain formula in the plane."""
    t = torch.linspace(0, 1, 5)
    start, end = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    angles = t * torch.pi / 2
    expected = 3 * torch.stack([angles.cos(), angles.sin()], dim=1)
    torch.testing.assert_close(blend(start, end, t, spherical=True), expected)
    torch.testing.assert_close(blend(start, end, t), 3 * torch.stack([1 - t, t], dim=1))
    for other in (start, -start, 2 * start, torch.zeros(1, 2)):  # no arc, or no one arc
        torch.testing.assert_close(blend(start, other, t, spherical=True), blend(start, other, t))


def test_a_sheet_shows_everything_in_its_place(people: np.ndarray) -> None:
    swaps = np.random.default_rng(1).integers(0, 256, (2, 3, 64, 32, 3), dtype=np.uint8)
    sheet = swap_sheet(people[:2], people[2:], swaps)
    assert sheet.shape == (*grid_layout(2, 3, (64, 32)).size, 3)
    step_down, step_right, margin = 64 + GAP, 32 + GAP, GAP + MARGIN
    for c in range(3):
        left = (c + 1) * step_right + margin
        assert np.array_equal(sheet[GAP : GAP + 64, left : left + 32], people[2 + c])
        for r in range(2):
            top = (r + 1) * step_down + margin
            assert np.array_equal(sheet[top : top + 64, GAP : GAP + 32], people[r])
            assert np.array_equal(sheet[top : top + 64, left : left + 32], swaps[r, c])
