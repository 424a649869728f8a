"""The rasteriser against one that goes pixel by pixel and triangle by triangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgnet.mannequin.body.mesh import NormalField, joined, superellipsoid, tube
from dgnet.mannequin.zbuffer import rasterise


def naive(points: np.ndarray, depth: np.ndarray, faces: np.ndarray, height: int, width: int) -> np.ndarray:
    """The index of the nearest face at each pixel, or -1."""
    nearest, owner = np.full((height, width), np.inf), np.full((height, width), -1)
    for face, (a, b, c) in enumerate(faces):
        pa, pb, pc = points[a], points[b], points[c]
        area = (pb[0] - pa[0]) * (pc[1] - pa[1]) - (pb[1] - pa[1]) * (pc[0] - pa[0])
        if area >= 0:
            continue
        for row in range(height):
            for column in range(width):
                p = np.array([column + 0.5, row + 0.5])
                weights = np.linalg.solve(np.array([[*pa, 1], [*pb, 1], [*pc, 1]]).T, [*p, 1])
                z = weights @ depth[[a, b, c]]
                if (weights >= 0).all() and z < nearest[row, column]:
                    nearest[row, column], owner[row, column] = z, face
    return owner


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 12))
def test_agrees_with_a_naive_one(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-4, 16, (3 * count, 2)).astype(np.float32)
    depth = rng.uniform(-1, 1, 3 * count).astype(np.float32)
    faces = np.arange(3 * count).reshape(-1, 3)
    fragments = rasterise(points, depth, faces, 12, 9)
    owner = np.full(12 * 9, -1)
    owner[fragments.pixel] = fragments.face
    # Single precision may decide otherwise for a sample on an edge: at most one of 108.
    assert (owner.reshape(12, 9) != naive(points, depth, faces, 12, 9)).sum() <= 1


def test_interpolation_reproduces_linear_functions() -> None:
    mesh = superellipsoid((5.0, 5.0, 5.0))
    points = mesh.vertices[:, [0, 2]] * [1, -1] + 8
    fragments = rasterise(points.astype(np.float32), mesh.vertices[:, 1], mesh.faces, 16, 16)
    place = fragments.interpolate(mesh.faces, points.astype(np.float32))
    np.testing.assert_allclose(place[:, 0], fragments.pixel % 16 + 0.5, atol=1e-4)
    np.testing.assert_allclose(place[:, 1], fragments.pixel // 16 + 0.5, atol=1e-4)
    np.testing.assert_allclose(fragments.depth, fragments.interpolate(mesh.faces, mesh.vertices[:, 1]), atol=1e-5)


def test_closed_meshes_face_outwards() -> None:
    ball = superellipsoid((2.0, 2.0, 2.0), rings=24, sectors=48)
    pipe = tube([((0.0, 0.0, -1.0), 1.0, 1.0), ((0.0, 0.0, 1.0), 1.0, 1.0)], sectors=64)
    for mesh, volume in ((ball, 4 / 3 * np.pi * 8), (pipe, 2 * np.pi)):
        a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
        assert (a * np.cross(b, c)).sum() / 6 == pytest.approx(volume, rel=0.02)


def test_back_faces_are_culled() -> None:
    mesh = superellipsoid((5.0, 5.0, 5.0))
    points = (mesh.vertices[:, [0, 2]] * [1, -1] + 8).astype(np.float32)
    front = rasterise(points, mesh.vertices[:, 1], mesh.faces, 16, 16)
    assert (front.depth <= 0.0).all()  # the near half alone, though depth of the far half was never compared
    inside_out = rasterise(points, mesh.vertices[:, 1], mesh.faces[:, ::-1], 16, 16)
    assert (inside_out.depth >= 0.0).all()
    assert len(front.pixel) == len(np.unique(front.pixel)) > 50


def test_nothing_in_view() -> None:
    points = np.array([[-5, -5], [-4, -5], [-5, -4]], np.float32)
    for faces in (np.array([[0, 1, 2]]), np.array([[0, 2, 1]])):
        assert len(rasterise(points, np.zeros(3, np.float32), faces, 8, 8).pixel) == 0


def test_normals_of_a_ball_point_away_from_its_centre() -> None:
    ball = superellipsoid((2.0, 2.0, 2.0), rings=24, sectors=48)
    both = joined([ball, ball.moved(np.eye(3, dtype=np.float32), np.array([9, 0, 0], np.float32))])
    normals = NormalField(both.faces, len(both.vertices))(both.vertices)
    inner = np.abs(ball.vertices[:, 2]) < 1.9  # the poles are many vertices of one place
    count = len(ball.vertices)
    for shift, part in ((0, normals[:count]), (9, normals[count:])):
        outwards = (both.vertices[:count] if shift == 0 else both.vertices[count:] - [9, 0, 0]) / 2
        assert ((part * outwards).sum(1)[inner] > 0.99).all()


def test_a_ridge_s_normal_is_the_mean_of_its_sides_by_area() -> None:
    vertices = np.array([[0, 0, 0], [0, 1, 0], [3, 0, 0], [0, 0, -1]], np.float32)
    up, side = np.array([0, 1, 2]), np.array([0, 3, 1])
    normals = NormalField(np.array([up, side]), 4)(vertices)
    np.testing.assert_allclose(normals[0] * np.sqrt(10), [1, 0, -3], atol=1e-5)
    np.testing.assert_allclose(normals[0], normals[1], atol=1e-6)
    np.testing.assert_allclose(np.abs(normals[2]), [0, 0, 1], atol=1e-6)


def test_normals_of_unused_vertices_are_zero() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    normals = NormalField(np.array([[0, 1, 2]]), 4)(vertices)
    np.testing.assert_allclose(normals, [[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]], atol=1e-6)
