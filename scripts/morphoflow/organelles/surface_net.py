"""The surface of an object as a net of quadrilaterals, in one pass over the voxels of its box.

A cell is the cube between the centres of eight voxels. Each cell that the surface passes has one
vertex, the mean of the midpoints of its edges between inside and outside; each face between a voxel
of the object and one outside becomes the quadrilateral of the vertices in the four cells around it
(surface nets: Gibson, "Constrained elastic surface nets", MICCAI 1998). The net is closed, and each
face belongs to one voxel, so that the pieces of an object partition its surface exactly.
"""

import numpy as np
from numba import njit


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
