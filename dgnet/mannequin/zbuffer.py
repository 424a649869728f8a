"""A z-buffer rasteriser in numpy: every pixel centre a triangle covers becomes a fragment; the nearest one stays.

All triangles are treated at once: their bounding boxes are unrolled into one flat list of candidate pixels, so the
work is proportional to the pixels covered, not to the number of triangles times the image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dgnet.mannequin.body.mesh import Floats, Ints


@dataclass(frozen=True)
class Fragments:
    """The visible surface: one entry a covered pixel. `pixel` = row * width + column, `weights` barycentric P x 3."""

    pixel: Ints
    face: Ints
    weights: Floats
    depth: Floats

    def interpolate(self, faces: Ints, values: Floats) -> Floats:
        """Vertex `values` (V or V x C) at each fragment."""
        corners = faces[self.face]
        weights = self.weights if values.ndim == 1 else self.weights[:, :, None]
        result: Floats = sum(
            (values[corners[:, k]] * weights[:, k] for k in (1, 2)), values[corners[:, 0]] * weights[:, 0]
        )
        return result


def rasterise(points: Floats, depth: Floats, faces: Ints, height: int, width: int) -> Fragments:
    """The nearest fragments of `faces` over vertices at `points` (V x 2 pixels: x right, y down) and `depth` (V).

    A pixel's sample is its centre, (column + 0.5, row + 0.5). Faces must be counter-clockwise seen from the camera
    (y down): others are back faces and are culled. Of equal depths the later face wins.
    """
    area = _cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    keep = np.nonzero(area < -1e-9)[0]
    first, last = _boxes(points, faces[keep], height, width)
    seen = (first <= last).all(1)
    keep, first, last = keep[seen], first[seen], last[seen]
    corner, area = points[faces[keep]], area[keep]

    columns, rows = (last - first + 1).T
    counts = columns * rows
    owner = np.repeat(np.arange(len(keep)), counts)
    inside_box = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    step_y = inside_box // columns[owner]
    x = first[owner, 0] + inside_box - step_y * columns[owner]
    y = first[owner, 1] + step_y

    u, v = _barycentric(corner, area, owner, x, y)
    w = 1 - u - v
    covered = np.nonzero((u >= 0) & (v >= 0) & (w >= 0))[0]
    weights = np.stack([w[covered], u[covered], v[covered]], 1).astype(np.float32)
    face = keep[owner[covered]]
    pixel = y[covered] * width + x[covered]
    fragments = Fragments(pixel, face, weights, np.empty(0, np.float32))
    return _nearest(replace(fragments, depth=fragments.interpolate(faces, depth)), height * width)


def _boxes(points: Floats, faces: Ints, height: int, width: int) -> tuple[Ints, Ints]:
    """First and last column and row (F x 2 each) whose pixel centres can lie in each face, cut to the image."""
    a, b, c = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    first = np.maximum(np.ceil(low - 0.5), 0).astype(np.int64)
    last = np.minimum(np.floor(high - 0.5), np.array([width - 1, height - 1])).astype(np.int64)
    return first, last


def _cross(a: Floats, b: Floats) -> Floats:
    result: Floats = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return result


def _barycentric(corner: Floats, area: Floats, owner: Ints, x: Ints, y: Ints) -> tuple[Floats, Floats]:
    """Weights of the second and third corner at pixel centres."""
    origin, edge1, edge2 = corner[:, 0], corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    dx = x + np.float32(0.5) - origin[owner, 0]
    dy = y + np.float32(0.5) - origin[owner, 1]
    inverse = (1 / area)[owner]
    u = (dx * edge2[owner, 1] - dy * edge2[owner, 0]) * inverse
    v = (dy * edge1[owner, 0] - dx * edge1[owner, 1]) * inverse
    return u, v


def _nearest(fragments: Fragments, num_pixels: int) -> Fragments:
    """Of the fragments of each pixel, the one of least depth."""
    order = np.argsort(-fragments.depth, kind="stable")
    winner = np.full(num_pixels, -1, np.int64)
    winner[fragments.pixel[order]] = order  # numpy keeps the last value assigned to an index
    chosen = winner[winner >= 0]
    return Fragments(
        fragments.pixel[chosen], fragments.face[chosen], fragments.weights[chosen], fragments.depth[chosen]
    )
