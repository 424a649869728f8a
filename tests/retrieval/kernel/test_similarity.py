"""Blocks of similarities: each query comes once, in order, within the memory allowed."""

from __future__ import annotations

import pytest
import torch

from dgnet.retrieval.kernel.similarity import similarity_blocks


@pytest.mark.parametrize("block_bytes", [1, 4 * 30 - 1, 4 * 30, 8 * 30 - 1, 8 * 30, 12 * 30, 1 << 20])
def test_blocks_cover_all_queries_in_order_and_are_as_large_as_allowed(block_bytes: int) -> None:
    generator = torch.Generator().manual_seed(0)
    query, gallery = torch.randn(7, 5, generator=generator), torch.randn(30, 5, generator=generator)
    rows = max(1, min(7, block_bytes // (4 * 30)))
    starts, parts = [], []
    for block in similarity_blocks(query, gallery, block_bytes=block_bytes, what="a test"):
        assert block.similarity.dtype == torch.float32
        starts.append(block.start)
        parts.append(block.similarity.clone())
    assert starts == list(range(0, 7, rows))
    assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    torch.testing.assert_close(torch.cat(parts).double(), query.double() @ gallery.double().T, atol=1e-5, rtol=0)
