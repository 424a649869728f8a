"""Pasting changes the clothes and nothing else."""

from __future__ import annotations

import torch

from dgnet.data.batches.crown import CROWN
from dgnet.generation.paste import CHANGED, paste


def test_where_the_drawings_differ_the_other_is_pasted_and_elsewhere_the_photograph_stays() -> None:
    generator = torch.Generator().manual_seed(0)
    x, x_self = torch.randn(2, 2, 3, 64, 32, generator=generator).unbind()
    x_other = x_self.clone()
    x_other[:, :, 16:24, 5:11] += 2 * CHANGED
    x_other[:, :, 28, 2] += 0.01  # a trace of a difference is a trace of paste
    pasted = paste(x, x_self, x_other)
    clothes, far = (slice(None), slice(None), slice(16, 24), slice(5, 11)), (slice(None), slice(None), slice(0, 6))
    torch.testing.assert_close(pasted[clothes], x_other[clothes], rtol=0, atol=2e-3)
    assert torch.equal(pasted[far], x[far])
    trace = (pasted - x)[:, :, 28, 2] / (x_other - x)[:, :, 28, 2]
    torch.testing.assert_close(trace, torch.full_like(trace, 0.01 / CHANGED), rtol=1e-3, atol=0)


def test_hair_stays() -> None:
    x, x_self = torch.zeros(1, 3, 64, 32), torch.zeros(1, 3, 64, 32)
    pasted = paste(x, x_self, torch.ones_like(x))
    crown = int(CROWN * 64)
    assert pasted[:, :, : crown - 4].amax() < 0.01
    assert pasted[:, :, crown + 4 :].amin() > 0.99
