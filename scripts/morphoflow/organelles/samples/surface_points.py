"""Random points on the surface of an object of any size, uniform by area."""

import numpy as np
from numba import njit

from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.pieces import PIECE_VOXELS, absent, pieces
from morphoflow.organelles.volumes.source import Source

# The surface of an object as a net of quadrilaterals, in one pass over the voxels of its box.
#
# A cell is the cube between the centres of eight voxels. Each cell that the surface passes has one
# vertex, the mean of the midpoints of its edges between inside and outside; each face between a
# voxel of the object and one outside becomes the quadrilateral of the vertices in the four cells
# around it (surface nets: Gibson, "Constrained elastic surface nets", MICCAI 1998). The net is
# closed, and each face belongs to one voxel, so that the pieces of an object partition its surface
# exactly.


def _vertices_in_cells() -> np.ndarray:
    """The vertex (z, y, x) in 0..1 of a cell for each of the 256 patterns of its corners.

    Bit ``4 z + 2 y + x`` of a pattern is the corner at (z, y, x).
    """
    corners = np.array([(c >> 2 & 1, c >> 1 & 1, c & 1) for c in range(8)])
    pairs = [
        (a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1
    ]
    table = np.full((256, 3), 0.5)
    for pattern in range(1, 255):
        mixed = [(a, b) for a, b in pairs if (pattern >> a & 1) != (pattern >> b & 1)]
        table[pattern] = np.mean([(corners[a] + corners[b]) / 2 for a, b in mixed], axis=0)
    return table


VERTEX = _vertices_in_cells()

# The corner next to the first one along each axis, as a bit.
NEXT = np.array([16, 4, 2])


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


def surface_net(
    inside: np.ndarray, core: tuple[slice, slice, slice]
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (v, 3) float64 and quadrilaterals (f, 4) int32 around the voxels of ``core``.

    ``inside`` (z, y, x) bool is the object with a margin of one voxel around ``core``. Vertices are
    (z, y, x) in voxels, with whole numbers at their centres; quadrilaterals list their rows around
    the face.
    """
    bits, cells, index = _cells(inside)
    bounds = np.array([[part.start, part.stop] for part in core])
    return cells + VERTEX[bits], _faces(cells, bits, index, bounds)


@njit(cache=True, nogil=True)
def _cells(inside):
    """The patterns (v,) and places (v, 3) of cells on the surface, and their rows by place."""
    nz, ny, nx = inside.shape
    index = np.full((nz - 1, ny - 1, nx - 1), -1, np.int32)
    n = 0
    for z in range(nz - 1):
        for y in range(ny - 1):
            low = _column(inside, z, y, 0)
            for x in range(nx - 1):
                high = _column(inside, z, y, x + 1)
                if low != high or (low != 0 and low != 0x55):
                    index[z, y, x] = n
                    n += 1
                low = high
    bits = np.empty(n, np.int64)
    cells = np.empty((n, 3), np.int64)
    for z in range(nz - 1):
        for y in range(ny - 1):
            for x in range(nx - 1):
                row = index[z, y, x]
                if row >= 0:
                    bits[row] = _column(inside, z, y, x) | _column(inside, z, y, x + 1) << 1
                    cells[row, 0], cells[row, 1], cells[row, 2] = z, y, x
    return bits, cells, index


@njit(cache=True, nogil=True)
def _column(inside, z, y, x):
    """The four corners of a cell on its lower face along x, as bits 0, 2, 4 and 6."""
    return (
        int(inside[z, y, x])
        | int(inside[z, y + 1, x]) << 2
        | int(inside[z + 1, y, x]) << 4
        | int(inside[z + 1, y + 1, x]) << 6
    )


@njit(cache=True, nogil=True)
def _faces(cells, bits, index, core):
    """The quadrilaterals (f, 4) of all faces of the object's voxels in ``core``."""
    faces = np.empty((3 * len(cells), 4), np.int32)
    n = 0
    for row in range(len(cells)):
        first = bits[row] & 1
        for axis in range(3):
            if first == (bits[row] & NEXT[axis] != 0):
                continue
            z, y, x = cells[row]
            # The face belongs to the object's voxel: the first corner or the one next to it.
            shift = 1 - first
            if not (
                core[0, 0] <= z + shift * (axis == 0) < core[0, 1]
                and core[1, 0] <= y + shift * (axis == 1) < core[1, 1]
                and core[2, 0] <= x + shift * (axis == 2) < core[2, 1]
            ):
                continue
            dz, dy, dx = int(axis != 0), int(axis != 1), int(axis != 2)
            faces[n, 0] = row
            faces[n, 2] = index[z - dz, y - dy, x - dx]
            if axis == 0:
                faces[n, 1], faces[n, 3] = index[z, y - 1, x], index[z, y, x - 1]
            elif axis == 1:
                faces[n, 1], faces[n, 3] = index[z - 1, y, x], index[z, y, x - 1]
            else:
                faces[n, 1], faces[n, 3] = index[z - 1, y, x], index[z, y - 1, x]
            n += 1
    return faces[:n]
