"""Copying images from a store into a batch, mirrored and shifted on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dgnet.data.batches.pairs import Indices
from dgnet.data.store.threads import one_thread
from dgnet.files.images import ImagesU8


def mirror_and_shift(images_u8: Tensor | ImagesU8, chosen: Indices, mirrored: Tensor, offsets: Tensor) -> Tensor:
    """out[n, r, c] = x[clamp(r + dy), clamp(c + dx)], where x is images_u8[chosen[n]] or its mirror image.

    `images_u8` uint8 N×H×W×3; `mirrored` bool n; `offsets` int64 n×2 (dy, dx) in pixels; both on the CPU. Clamping to
    the image pads it with its edge. Returns uint8 n×H×W×3 on the images' device.
    """
    if isinstance(images_u8, Tensor) and images_u8.device.type != "cpu":
        return _by_gather(images_u8, chosen, mirrored, offsets)
    with one_thread():  # mirroring an image takes a few microseconds, less than waking a second thread
        return _by_copies(np.asarray(images_u8), chosen, mirrored, offsets)


def _by_copies(images_u8: ImagesU8, chosen: Indices, mirrored: Tensor, offsets: Tensor) -> Tensor:
    """For a CPU: one image at a time, so that it stays in the processor's cache from one copy to the next."""
    _, H, W, _ = images_u8.shape
    limit = torch.tensor([H - 1, W - 1])
    shifts = offsets.clamp(-limit, limit).tolist()
    out = np.empty((len(chosen), H, W, 3), dtype=np.uint8)
    runs, pixels, stored = out.reshape(-1, H * W * 3), out.view("V3")[..., 0], images_u8.reshape(-1, H * W * 3)
    straight = torch.empty(H, W, 3, dtype=torch.uint8)
    straight_run = straight.numpy().reshape(-1)
    each = zip(runs, pixels, chosen.tolist(), mirrored.tolist(), shifts, strict=True)
    for run, image, place, flip, (down, right) in each:
        source = stored[place]
        if flip:
            straight_run[:] = source
            source = straight.flip(1).numpy().reshape(-1)
        # A shifted image is one run of the image's bytes, copied at once; its edges are then wrong, and filled after.
        skip = (down * W + right) * 3
        if skip >= 0:
            run[: len(run) - skip] = source[skip:]
        else:
            run[-skip:] = source[:skip]
        _repeat_edges(image, down, right)
    return torch.from_numpy(out)


def _repeat_edges(image: npt.NDArray[Any], down: int, right: int) -> None:
    """Fill the edges that a shift left open. `image`: H×W items of 3 bytes, which copy faster than three numbers."""
    H, W = image.shape
    for column in range(W - right, W):
        image[:, column] = image[:, W - right - 1]
    for column in range(-right):
        image[:, column] = image[:, -right]
    if down > 0:
        image[H - down :] = image[H - down - 1]
    elif down < 0:
        image[:-down] = image[-down]


def _by_gather(images_u8: Tensor, chosen: Indices, mirrored: Tensor, offsets: Tensor) -> Tensor:
    """For an accelerator: one gather, and the CPU does not wait for the device."""
    _, H, W, _ = images_u8.shape
    rows = (torch.arange(H) + offsets[:, :1]).clamp_(0, H - 1)
    columns = (torch.arange(W) + offsets[:, 1:]).clamp_(0, W - 1)
    columns = torch.where(mirrored[:, None], W - 1 - columns, columns)
    device = images_u8.device
    images, rows, columns = (t.to(device, non_blocking=True) for t in (torch.from_numpy(chosen), rows, columns))
    return images_u8[images[:, None, None], rows[:, :, None], columns[:, None, :]]
