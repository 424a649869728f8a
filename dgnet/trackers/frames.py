"""Frames and boxes as trackers hand them over: checked, and cut into pictures of people."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from dgnet.errors import DgnetError
from dgnet.files.images import ImagesU8

Floats = npt.NDArray[np.float64]
FAR = 1e6  # pixels: corners farther away mean the same as this


class BoxError(DgnetError, ValueError):
    """A frame or boxes that no tracker would mean; the message says what was found and what it must be."""


def as_rgb(frame: object, name: str = "frame") -> ImagesU8:
    """A tracker's picture as RGB, uint8 H x W x 3.

    Args:
        frame: uint8, H x W x 3 **BGR** as OpenCV reads it; grey (H x W, H x W x 1); or H x W x 4, whose opacity is
            dropped. Of any memory layout; a tensor on any device.

    Raises:
        BoxError: it is something else, or has no pixels.
    """
    array = frame.detach().cpu().numpy() if isinstance(frame, torch.Tensor) else np.asarray(frame)
    shape = " x ".join(map(str, array.shape)) or "a single value"
    if array.dtype != np.uint8:
        advice = ": (255 * frame).round().astype('uint8') if it lies in 0 to 1" if array.dtype.kind == "f" else ""
        raise BoxError(f"{name}: found {array.dtype} {shape}, must be uint8 H x W x 3, BGR{advice}")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise BoxError(f"{name}: found {shape}, must be H x W x 3, BGR (or H x W, or H x W x 4)")
    if 0 in array.shape:
        raise BoxError(f"{name}: found {shape}, which has no pixels")
    rgb = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[:, :, 2::-1]
    return np.ascontiguousarray(rgb)


def as_boxes(boxes: Any, widths: tuple[int, ...], name: str) -> Floats:
    """Boxes as float64 N x W, W one of `widths`; an empty list, or an array of none, is 0 x W.

    Raises:
        BoxError: they are not numbers, or not N x W.
    """
    if isinstance(boxes, torch.Tensor):
        boxes = boxes.detach().cpu().numpy()
    try:
        array = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BoxError(f"{name}: cannot be read as an array of numbers: {error}") from error
    if array.size == 0:
        return np.empty((0, widths[0]))
    if array.ndim == 1 and len(array) in widths:
        array = array[None]
    if array.ndim != 2 or array.shape[1] not in widths:
        found = " x ".join(map(str, array.shape)) or "a single number"
        raise BoxError(f"{name}: found {found}, must be N x {' or N x '.join(map(str, widths))}")
    return array


def crop(frame: ImagesU8, box: Floats) -> ImagesU8 | None:
    """The pixels of a frame that an upright box `x1, y1, x2, y2` touches; None where there are none.

    A pixel is taken if any part of it is inside the box and inside the frame: left and top are rounded down, right and
    bottom up. A box with NaN, without area (x2 <= x1, y2 <= y1) or wholly outside touches none. An infinite corner is
    one far outside.
    """
    if np.isnan(box).any() or not (box[2] > box[0] and box[3] > box[1]):
        return None
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = np.clip(box, -FAR, FAR)
    left, top = max(0, int(np.floor(x1))), max(0, int(np.floor(y1)))
    right, bottom = min(width, int(np.ceil(x2))), min(height, int(np.ceil(y2)))
    if right <= left or bottom <= top:
        return None
    return frame[top:bottom, left:right]


def crop_rotated(frame: ImagesU8, box: Floats) -> ImagesU8 | None:
    """The picture within a turned box `cx, cy, w, h, angle`, turned upright; None where the box is as odd as in `crop`.

    `angle` is in radians, clockwise on the picture (y points down), from the x axis to the side of length w. Pixels are
    interpolated bilinearly; outside the frame its edge is repeated.
    """
    if not np.isfinite(box).all() or not (0 < box[2] < FAR and 0 < box[3] < FAR):
        return None
    cx, cy, w, h, angle = box
    height, width = frame.shape[:2]
    cos, sin = np.cos(angle), np.sin(angle)
    half_w, half_h = (abs(w * cos) + abs(h * sin)) / 2, (abs(w * sin) + abs(h * cos)) / 2
    if cx + half_w <= 0 or cy + half_h <= 0 or cx - half_w >= width or cy - half_h >= height:
        return None
    columns, rows = max(1, min(round(w), 2 * width)), max(1, min(round(h), 2 * height))
    u = ((np.arange(columns) + 0.5) / columns - 0.5) * w
    v = ((np.arange(rows) + 0.5) / rows - 0.5) * h
    x = cx + u[None, :] * cos - v[:, None] * sin
    y = cy + u[None, :] * sin + v[:, None] * cos
    grid = torch.from_numpy(np.stack([2 * x / width - 1, 2 * y / height - 1], -1)).float()[None]
    source = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    turned = F.grid_sample(source, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return turned[0].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
