"""Similarities of queries with the whole gallery, one block of queries at a time; all blocks share one buffer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from dgnet.retrieval.kernel.products import inner_products

BLOCK_BYTES = 128 << 20
_PROGRESS_PRODUCTS = 10**11  # with fewer multiplications (about two seconds) no progress bar is shown


@dataclass(frozen=True)
class Block:
    """Similarities (float32, rows×N) of the queries `start` to `start + rows`; overwritten by the next block."""

    start: int
    similarity: torch.Tensor


def similarity_blocks(
    query: torch.Tensor, gallery: torch.Tensor, *, block_bytes: int = BLOCK_BYTES, progress: bool = True, what: str
) -> Iterator[Block]:
    """Inner products of Q×F with N×F features in float32, in blocks of at most `block_bytes`, but at least one row.

    Args:
        what: the title of the progress bar.
    """
    num_query, num_gallery = len(query), len(gallery)
    rows = max(1, min(num_query, block_bytes // (4 * num_gallery)))
    # NumPy allocates memory in large pages, seven times faster than torch does in small ones.
    on_cpu = query.device.type == "cpu"
    buffer = (
        torch.from_numpy(np.empty((rows, num_gallery), np.float32)) if on_cpu else query.new_empty(rows, num_gallery)
    )
    small = num_query * num_gallery * query.shape[1] < _PROGRESS_PRODUCTS
    with tqdm(total=num_query, desc=what, unit="query", dynamic_ncols=True, disable=not progress or small) as bar:
        for start in range(0, num_query, rows):
            block = query[start : start + rows]
            similarity = buffer[: len(block)]
            inner_products(block, gallery, similarity)
            yield Block(start, similarity)
            bar.update(len(block))
