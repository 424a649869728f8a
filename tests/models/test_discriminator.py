"""The discriminator D: what each of its scales sees."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from dgnet.config import preset
from dgnet.models.discriminator import Discriminator

SMALL = preset("mannequin")


def random_images(n: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_each_scale_sees_the_image_halved_once_more() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator(SMALL.network).eval()
    x = random_images(2, (64, 32))
    seen: list[Tensor] = []
    for scale in discriminator.scales:
        scale.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    discriminator(x)
    assert torch.equal(seen[0], x)
    for before, after in pairwise(seen):
        H, W = before.shape[2:]
        for row, column in ((0, 0), (0, 3), (2, 5), (H // 2 - 1, W // 2 - 1)):
            window = before[:, :, max(0, 2 * row - 1) : 2 * row + 2, max(0, 2 * column - 1) : 2 * column + 2]
            torch.testing.assert_close(after[:, :, row, column], window.mean((2, 3)))
