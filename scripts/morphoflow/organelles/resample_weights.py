"""Anti-aliased resampling of a box of voxels to a cube, as one small matrix for each axis.

Between the centres of voxels values are interpolated linearly, and a sample voxel is the mean of
this over its extent. Scaled up that is linear interpolation, scaled down it is the mean over an
area, which is its own low-pass filter. Each voxel's weights add up to its length in sample voxels,
so that volume is conserved, and each sample voxel's weights to 1, so that constants stay.

The operation is linear and acts on each axis alone: what the pieces of a box contribute adds up.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from morphoflow.organelles.boxes import Box
from morphoflow.organelles.resample_bands import add_lines, resample_lines

# A voxel's triangle reaches this far (in voxels) beyond its faces.
OVERHANG = 0.5


@dataclass(frozen=True)
class SampleGrid:
    """A cube of ``size`` voxels of ``scale`` nm along each axis.

    Its middle lies at ``centre`` (z, y, x), in voxels of the volume, of ``voxel_size_nm``.
    """

    centre: np.ndarray
    voxel_size_nm: np.ndarray
    scale: float
    size: int

    def reach(self) -> Box:
        """The voxels that weigh in the cube; they may lie outside of the volume."""
        half = self.size * self.scale / 2 / self.voxel_size_nm + OVERHANG
        start, stop = np.floor(self.centre - half), np.ceil(self.centre + half)
        return Box(tuple(start.astype(int).tolist()), tuple(stop.astype(int).tolist()))

    def weights(self, box: Box) -> list[np.ndarray]:
        """The matrices (size, n) float32 from the n voxels of a box along z, y and x."""
        ends = zip(box.start, box.stop, self.centre, self.voxel_size_nm, strict=True)
        return [
            axis_weights(start - centre, stop - start, voxel / self.scale, self.size)
            for start, stop, centre, voxel in ends
        ]


@njit(cache=True, nogil=True)
def axis_weights(start: float, n: int, width: float, size: int) -> np.ndarray:
    """The matrix (size, n) float32 from voxels to sample voxels along one axis.

    The first of ``n`` voxels begins at ``start``, in voxels from the middle of the cube; a voxel is
    ``width`` sample voxels wide.
    """
    weights = np.zeros((size, n), np.float32)
    for column in range(n):
        middle = start + 0.5 + column
        below = _triangle(-size / 2 / width - middle)
        for row in range(size):
            above = _triangle((row + 1 - size / 2) / width - middle)
            weights[row, column] = width * (above - below)
            below = above
    return weights


@njit(cache=True, nogil=True)
def _triangle(distance: float) -> float:
    """The part of a voxel's triangle, of area 1, that is below a ``distance`` from its middle."""
    near = min(max(distance, -1.0), 1.0)
    return 0.5 + near - near * abs(near) / 2


def normalised(weights: np.ndarray) -> np.ndarray:
    """Rows that sum to 1 where a sample voxel lies partly outside; rows of zeros stay."""
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def part_of(weights: list[np.ndarray], place: tuple[slice, slice, slice]) -> list[np.ndarray]:
    """The columns for a piece at ``place`` within the box."""
    return [matrix[:, columns] for matrix, columns in zip(weights, place, strict=True)]


def add_resampled(total: np.ndarray, values: np.ndarray, weights: list[np.ndarray]) -> None:
    """Add ``values`` (c, z, y, x), resampled by matrices for z, y and x, to ``total`` (c, ...)."""
    rows = [touched(matrix) for matrix in weights]
    z, y, x = (matrix[row] for matrix, row in zip(weights, rows, strict=True))
    lines, used = resample_lines(values.reshape(-1, values.shape[-1]), x)
    lines, used = lines.reshape(*values.shape[:-1], -1), used.reshape(values.shape[:-1])
    add_lines(total[:, *rows], lines, used, z, y)


def touched(weights: np.ndarray) -> slice:
    """The rows from the first to the last that is not all zero."""
    return slice(*_touched(weights))


@njit(cache=True, nogil=True)
def _touched(weights: np.ndarray) -> tuple[int, int]:
    start, stop = 0, len(weights)
    while start < stop and not weights[start].any():
        start += 1
    while start < stop and not weights[stop - 1].any():
        stop -= 1
    return start, stop
