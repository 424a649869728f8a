"""Triangle meshes: what the rasteriser draws, and the simple shapes that hair and bags are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Mesh:
    """`vertices` V x 3 (metres), `faces` F x 3, counter-clockwise seen from outside."""

    vertices: Floats
    faces: Ints

    def moved(self, rotation: Floats, translation: Floats) -> Mesh:
        """The mesh after `rotation` (3 x 3), then `translation` (3)."""
        return Mesh((self.vertices @ rotation.T + translation).astype(np.float32), self.faces)


def superellipsoid(
    radii: tuple[float, float, float],
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    roundness: float = 1.0,
    rings: int = 12,
    sectors: int = 20,
) -> Mesh:
    """An ellipsoid (`roundness` 1) to a box with round edges (`roundness` 0.2), z its axis."""

    def power(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.sign(x) * np.abs(x) ** roundness

    latitude = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)[:, None]
    longitude = np.linspace(0, 2 * np.pi, sectors, endpoint=False)[None, :]
    x = power(np.cos(latitude)) * power(np.cos(longitude))
    y = power(np.cos(latitude)) * power(np.sin(longitude))
    z = power(np.sin(latitude)) * np.ones_like(longitude)
    vertices = np.stack([x, y, z], -1).reshape(-1, 3) * np.array(radii) + np.array(centre)
    return Mesh(vertices.astype(np.float32), grid_faces(rings + 1, sectors))


def tube(sections: list[tuple[tuple[float, float, float], float, float]], sectors: int = 16) -> Mesh:
    """A closed tube through elliptic sections, listed from bottom to top: (centre, half width x, half depth y)."""
    angle = np.linspace(0, 2 * np.pi, sectors, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    capped = [(sections[0][0], 0.0, 0.0), *sections, (sections[-1][0], 0.0, 0.0)]
    vertices = np.concatenate([np.array(centre) + circle * np.array([rx, ry, 0.0]) for centre, rx, ry in capped])
    return Mesh(vertices.astype(np.float32), grid_faces(len(capped), sectors))


def ring(radius: float, thick: float, centre: tuple[float, float, float], rings: int = 24, sectors: int = 6) -> Mesh:
    """A ring that stands in the plane of y and z: a tyre of `radius`, `thick` to either side of its middle line."""
    around = np.linspace(0, 2 * np.pi, rings + 1)[:, None]
    across = np.linspace(0, 2 * np.pi, sectors, endpoint=False)[None, :]
    reach = radius + thick * np.cos(across)
    x = thick * np.sin(across) * np.ones_like(around)
    vertices = np.stack([x, reach * np.cos(around), reach * np.sin(around)], -1).reshape(-1, 3) + np.array(centre)
    return Mesh(vertices.astype(np.float32), grid_faces(rings + 1, sectors))


def joined(meshes: list[Mesh]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def grid_faces(rows: int, columns: int) -> Ints:
    """Faces of a grid of vertices closed around its columns, facing outwards when rows go upwards."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    a = row * columns + column
    b = row * columns + (column + 1) % columns
    c, d = a + columns, b + columns
    return np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])


class NormalField:
    """Smooth vertex normals of one topology: the face normals around a vertex, weighted by area."""

    def __init__(self, faces: Ints, num_vertices: int) -> None:
        corners = faces.T.reshape(-1)
        order = np.argsort(corners, kind="stable")
        self._faces = faces
        self._corner_face = (order % len(faces)).astype(np.int64)
        used, starts = np.unique(corners[order], return_index=True)
        self._used, self._starts, self._num_vertices = used, starts, num_vertices

    def __call__(self, vertices: Floats) -> Floats:
        """Unit normals V x 3."""
        a, b, c = (vertices[self._faces[:, k]] for k in range(3))
        u, w = b - a, c - a
        flat = np.empty_like(u)
        flat[:, 0] = u[:, 1] * w[:, 2] - u[:, 2] * w[:, 1]
        flat[:, 1] = u[:, 2] * w[:, 0] - u[:, 0] * w[:, 2]
        flat[:, 2] = u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]
        normals = np.zeros((self._num_vertices, 3), np.float32)
        normals[self._used] = np.add.reduceat(flat[self._corner_face], self._starts, axis=0)
        return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-12))
