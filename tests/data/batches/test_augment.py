from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dgnet.data.batches.augment import NUM_ERASE_DRAWS, Augment, random_erase, random_erase_
from dgnet.data.batches.mirror_shift import _by_gather, mirror_and_shift
from dgnet.data.batches.streams import Stream, draw, generator_for
from dgnet.data.normalise import normalise, to_01

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def images_u8(count: int = 3, height: int = 24, width: int = 12) -> torch.Tensor:
    return torch.randint(
        0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator_for(0, 0, 0, Stream.SHIFT)
    )


def erase_draws(count: int) -> torch.Tensor:
    return draw(0, 0, 0, (1, count, NUM_ERASE_DRAWS))


def test_normalise_matches_the_formula_and_is_inverted():
    x_u8 = images_u8()
    x = normalise(x_u8)
    expected = ((x_u8.numpy() / 255.0 - MEAN) / STD).transpose(0, 3, 1, 2)
    assert x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(x.numpy(), expected, atol=2e-6)
    torch.testing.assert_close(to_01(x), x_u8.permute(0, 3, 1, 2) / 255.0, atol=1e-6, rtol=0)
    assert to_01(torch.full((1, 3, 2, 2), 9.0)).max() == 1.0
    assert to_01(torch.full((1, 3, 2, 2), -9.0)).min() == 0.0


def test_normalise_refuses_what_is_no_batch_of_u8_images():
    for wrong in (torch.zeros(2, 3, 8, 4, dtype=torch.uint8), torch.zeros(2, 8, 4, 3), torch.zeros(8, 4, 3).byte()):
        with pytest.raises(ValueError, match="expected uint8 images"):
            normalise(wrong)


@settings(deadline=None)
@given(shifts=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.booleans()), min_size=1, max_size=4))
def test_mirror_and_shift_is_flip_then_edge_pad_then_crop(shifts):
    store = images_u8(5)
    down, right, mirrored = (torch.tensor(column) for column in zip(*shifts, strict=True))
    chosen, offsets = np.array([3, 0, 3, 4])[: len(shifts)], torch.stack([down, right], dim=1)
    out = mirror_and_shift(store, chosen, mirrored, offsets)
    assert torch.equal(out, _by_gather(store, chosen, mirrored, offsets))  # what an accelerator runs
    assert torch.equal(out, mirror_and_shift(store.numpy(), chosen, mirrored, offsets))
    assert torch.equal(store, images_u8(5))
    assert out.dtype == torch.uint8
    for n, (dy, dx, flip) in enumerate(shifts):
        image = store[chosen[n]].numpy()
        padded = np.pad(image[:, ::-1] if flip else image, ((9, 9), (9, 9), (0, 0)), mode="edge")
        np.testing.assert_array_equal(out[n].numpy(), padded[9 + dy : 33 + dy, 9 + dx : 21 + dx])


def test_augment_draws_every_shift_and_mirrors_half():
    rows, columns = torch.meshgrid(torch.arange(24), torch.arange(12), indexing="ij")
    x_u8 = torch.stack([rows, columns, torch.zeros_like(rows)], dim=2).to(torch.uint8)[None]
    out = Augment((24, 12), mirror=0.5, pad=2)(x_u8, np.zeros(4000, dtype=np.int64), draw(3, 0, 0, (1, 4000, 3))).long()
    centre_row, middle = out[:, 12, 6, 0], out[:, 12, 5:7, 1]
    mirrored = middle[:, 1] < middle[:, 0]
    assert 0.45 < mirrored.float().mean() < 0.55
    for shift in range(-2, 3):
        assert 0.15 < (centre_row - 12 == shift).float().mean() < 0.25
        seen = torch.where(mirrored, 11 - middle[:, 1], middle[:, 1])
        assert 0.15 < (seen - 6 == shift).float().mean() < 0.25
    assert (centre_row - 12).abs().max() == 2


def test_augment_repeats_by_its_draws_and_leaves_its_input():
    x_u8, everyone = images_u8(), np.arange(3)
    augment = Augment((24, 12))
    first, again = (augment(x_u8, everyone, draw(1, 7, 0, (1, 3, 3))) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(x_u8, images_u8())
    assert not torch.equal(first, augment(x_u8, everyone, draw(1, 8, 0, (1, 3, 3))))
    assert torch.equal(Augment((24, 12), mirror=0.0, pad=0)(x_u8, everyone, draw(1, 7, 0, (1, 3, 3))), x_u8)
    assert torch.equal(Augment((24, 12), mirror=1.0, pad=0)(x_u8, everyone, draw(1, 7, 0, (1, 3, 3))), x_u8.flip(2))


def test_no_image_gives_no_image():
    assert Augment((24, 12))(images_u8(), np.arange(0), torch.rand(0, 3)).shape == (0, 24, 12, 3)


def test_ranks_together_draw_what_one_process_draws():
    whole = draw(5, 3, Stream.SHIFT, (2, 6, 4)).view(2, 6, 4)
    parts = [draw(5, 3, Stream.SHIFT, (2, 2, 4), rank, 3).view(2, 2, 4) for rank in range(3)]
    assert torch.equal(torch.cat(parts, dim=1), whole)
    assert not torch.equal(whole, draw(5, 3, Stream.ERASE, (2, 6, 4)).view(2, 6, 4))


def test_generators_differ_by_each_argument():
    a, b = Stream.SHIFT, Stream.ERASE
    keys = [(1, 2, 3, a), (2, 2, 3, a), (1, 3, 3, a), (1, 2, 4, a), (1, 2, 3, b)]
    draws = [torch.rand(4, generator=generator_for(*key)) for key in keys]
    assert torch.equal(draws[0], torch.rand(4, generator=generator_for(*keys[0])))
    assert len({tuple(draw.tolist()) for draw in draws}) == len(keys)


def test_random_erase_covers_the_area_and_aspect_asked_for():
    x = torch.ones(2000, 3, 64, 32)
    out = random_erase(x, erase_draws(len(x)))
    assert torch.equal(x, torch.ones_like(x))
    erased = out[:, 0] == 0
    assert torch.equal(out == 0, erased[:, None].expand_as(out))
    some = erased.flatten(1).any(dim=1)
    assert 0.45 < some.float().mean() < 0.55
    height, width = erased.any(dim=2).sum(dim=1)[some], erased.any(dim=1).sum(dim=1)[some]
    assert torch.equal(height * width, erased.flatten(1).sum(dim=1)[some])
    fraction, ratio = height * width / (64 * 32), height / width
    assert 0.015 < fraction.min() < 0.03
    assert 0.36 < fraction.max() < 0.42
    assert 0.25 < ratio.min() < 0.6
    assert 2.5 < ratio.max() < 4.0
    assert 1.5 < ratio.median() < 2.2  # an even draw from 0.3 to 3.3: more often tall than wide
    reached = erased[some].any(dim=0)  # the edges are reached too, though rarely
    assert reached.any(dim=0).all()
    assert reached.any(dim=1).all()


def test_random_erase_keeps_the_rest_and_the_memory_format():
    x = normalise(images_u8(64, 64, 32))
    out = random_erase(x, erase_draws(len(x)), probability=1.0)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert ((out == 0) | (out == x)).all()
    assert torch.equal(random_erase(x, erase_draws(len(x)), probability=0.0), x)
    with pytest.raises(ValueError, match="uint8"):
        random_erase(images_u8().permute(0, 3, 1, 2), erase_draws(3))


def test_erasing_in_place_is_the_same():
    x = normalise(images_u8(16, 64, 32))
    out = random_erase(x, erase_draws(len(x)))
    assert random_erase_(x, erase_draws(len(x))) is x
    assert torch.equal(x, out)


def test_shifts_beyond_the_image_show_its_edge():
    x_u8 = images_u8(2, 3, 2)
    offsets, mirrored = torch.tensor([[9, -9], [-9, 9]]), torch.tensor([False, True])
    out = mirror_and_shift(x_u8, np.arange(2), mirrored, offsets)
    assert torch.equal(out[0], x_u8[0, 2:, :1].expand(3, 2, 3))
    assert torch.equal(out[1], x_u8[1, :1, :1].expand(3, 2, 3))


def test_an_accelerator_is_given_the_same_numbers():
    """The meta device runs every operation that a GPU would, on shapes alone."""
    x_u8 = images_u8(4).to("meta")
    augmented = Augment((24, 12))(x_u8, np.arange(4), draw(0, 0, 0, (1, 4, 3)))
    assert augmented.shape == x_u8.shape
    assert random_erase(normalise(augmented), erase_draws(4)).device.type == "meta"


def test_wrong_sizes_and_settings_are_refused():
    with pytest.raises(ValueError, match="24×12×3"):
        Augment((24, 12))(images_u8(1, 12, 24), np.arange(1), torch.zeros(1, 3))
    for wrong in ({"mirror": 1.5}, {"pad": -1}, {"size": (0, 4)}):
        with pytest.raises(ValueError, match="mirror in"):
            Augment(**{"size": (24, 12), **wrong})
