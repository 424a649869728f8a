"""The colour histogram and the luminance, against loops over pixels."""

from __future__ import annotations

import numpy as np
import torch

from dgnet.data.normalise import normalise
from dgnet.retrieval.features.histogram import colour_histogram
from dgnet.retrieval.features.light import luminance


def test_it_counts_colours_in_stripes_of_the_middle() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 128, 64, 3), dtype=np.uint8)
    images[0, :50] = 255  # the greatest value is in the last bin
    found = colour_histogram(normalise(torch.from_numpy(images))).view(3, 6, 6, 6, 6)
    for n, image in enumerate(images):
        counts = np.zeros((6, 6, 6, 6))
        for stripe, (top, bottom) in enumerate(((0, 22), (22, 44), (44, 65), (65, 86), (86, 107), (107, 128))):
            for row in range(top, bottom):
                for column in range(12, 52):
                    counts[(stripe, *(int(value) * 6 // 256 for value in image[row, column]))] += 1
        wanted = np.sqrt(counts / counts.sum(axis=(1, 2, 3), keepdims=True))
        np.testing.assert_allclose(found[n].numpy(), wanted, atol=1e-6)


def test_background_at_the_sides_and_the_mirror_do_not_count() -> None:
    x = normalise(torch.randint(0, 256, (2, 64, 32, 3), dtype=torch.uint8))
    other = x.clone()
    other[..., :6], other[..., 26:] = 0, 1
    assert torch.equal(colour_histogram(x), colour_histogram(other))
    assert torch.equal(colour_histogram(x), colour_histogram(x.flip(3)))
    torch.testing.assert_close(colour_histogram(x).square().sum(dim=1), torch.full((2,), 6.0))


def test_luminance_weighs_green_most() -> None:
    images = np.zeros((2000, 4, 2, 3), dtype=np.uint8)
    images[0, ..., 0], images[1, ..., 1], images[2, ..., 2], images[3], images[4, :2] = 255, 255, 255, 255, 255
    found = luminance(images)
    np.testing.assert_allclose(found[:5], [0.299, 0.587, 0.114, 1.0, 0.5], atol=1e-6)
    assert found.shape == (2000,)
    assert not found[5:].any()
