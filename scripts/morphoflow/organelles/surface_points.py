"""Random points on the surface of an object of any size, uniform by area."""

import numpy as np
from numba import njit

from morphoflow.organelles.boxes import Box
from morphoflow.organelles.pieces import PIECE_VOXELS, absent, pieces
from morphoflow.organelles.source import Source
from morphoflow.organelles.surface_net import surface_net


def surface_points(
    source: Source,
    label: int,
    box: Box,
    number: int,
    generator: np.random.Generator,
    most: int = PIECE_VOXELS,
) -> tuple[np.ndarray, float]:
    """Points (number, 3) in nm, columns x, y, z from the box's first corner, and the area in nm².

    ``label`` is the object's number in the label volume and ``box`` its bounding box, which is read
    once, in pieces of at most ``most`` voxels if it has more.
    """
    reservoir = AreaReservoir(number, generator)
    voxel = np.array(source.voxel_size_nm)
    for piece in pieces(box, source.labels.chunks, most):
        around = _meet(piece.grown(1, source.shape), box)
        inside = source.read_labels(around) == label
        core = piece.within(around)
        if inside[core].any():
            vertices, faces = surface_net(*_with_margin(inside, core))
            # Voxel centres lie half a voxel from the corner, and the margin is one voxel.
            first = np.array(around.start) - box.start - 0.5
            reservoir.add(np.ascontiguousarray(((vertices + first) * voxel)[:, ::-1]), faces)
    if reservoir.area == 0:
        raise absent(source, label)
    return reservoir.points, reservoir.area


class AreaReservoir:
    """Independent points, uniform by area over all surfaces that were added, whatever their order.

    Each point is replaced by one of the new surface with the probability of that surface's share
    of the area so far.
    """

    def __init__(self, number: int, generator: np.random.Generator) -> None:
        self.points = np.zeros((number, 3))
        self.area = 0.0
        self._generator = generator

    def add(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        """Add a surface of quadrilaterals ``faces`` (f, 4), rows of ``vertices`` (v, 3)."""
        if not len(faces):
            return
        cumulative = _cumulative_area(vertices, faces)
        self.area += cumulative[-1]
        replaced = self._generator.random(len(self.points)) < cumulative[-1] / self.area
        draws = self._generator.random((np.count_nonzero(replaced), 3))
        self.points[replaced] = _draw(vertices, faces, cumulative, draws)


def _meet(box: Box, other: Box) -> Box:
    """The voxels that two boxes share."""
    start = tuple(map(max, box.start, other.start))
    return Box(start, tuple(map(min, box.stop, other.stop)))


def _with_margin(
    inside: np.ndarray, core: tuple[slice, slice, slice]
) -> tuple[np.ndarray, tuple[slice, slice, slice]]:
    """The array with one more voxel of background around it, and the place of ``core`` in it."""
    return np.pad(inside, 1), tuple(slice(part.start + 1, part.stop + 1) for part in core)


@njit(cache=True, nogil=True)
def _cumulative_area(vertices, faces):
    """Areas of the triangles (2 f,), two a quadrilateral, added up in their order."""
    total = 0.0
    cumulative = np.empty(2 * len(faces))
    for row in range(2 * len(faces)):
        a, b, c = _triangle(faces, row)
        x, y, z = vertices[a, 0], vertices[a, 1], vertices[a, 2]
        ux, uy, uz = vertices[b, 0] - x, vertices[b, 1] - y, vertices[b, 2] - z
        vx, vy, vz = vertices[c, 0] - x, vertices[c, 1] - y, vertices[c, 2] - z
        normal = (uy * vz - uz * vy) ** 2 + (uz * vx - ux * vz) ** 2 + (ux * vy - uy * vx) ** 2
        total += np.sqrt(normal) / 2
        cumulative[row] = total
    return cumulative


@njit(cache=True, nogil=True)
def _triangle(faces, row):
    """The corners of a triangle: the first or the second half of a quadrilateral."""
    face = faces[row // 2]
    second = row % 2
    return face[0], face[1 + second], face[2 + second]


@njit(cache=True, nogil=True)
def _draw(vertices, faces, cumulative, draws):
    """A point (k, 3) for each row of ``draws`` (k, 3) in 0..1: of the triangle, and within it."""
    points = np.empty((len(draws), 3))
    for i in range(len(draws)):
        row = np.searchsorted(cumulative, draws[i, 0] * cumulative[-1], side="right")
        a, b, c = _triangle(faces, min(row, len(cumulative) - 1))
        root = np.sqrt(draws[i, 1])
        to_b, to_c = root * (1 - draws[i, 2]), root * draws[i, 2]
        for axis in range(3):
            near, far = vertices[b, axis] * to_b, vertices[c, axis] * to_c
            points[i, axis] = (1 - root) * vertices[a, axis] + near + far
    return points
