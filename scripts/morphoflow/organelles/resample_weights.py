"""Anti-aliased resampling of a box of voxels to a cube, as one small matrix for each axis.

Between the centres of voxels values are interpolated linearly, and a sample voxel is the mean of
this over its extent. Scaled up that is linear interpolation, scaled down it is the mean over an
area, which is its own low-pass filter. Each voxel's weights add up to its length in sample voxels,
so that volume is conserved, and each sample voxel's weights to 1, so that constants stay.

The operation is linear and acts on each axis alone: what the pieces of a box contribute adds up.
"""

from dataclasses import dataclass

import numpy as np

from morphoflow.organelles.boxes import Box
from morphoflow.organelles.resample_bands import add_planes, resample_lines

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


def axis_weights(start: float, n: int, width: float, size: int) -> np.ndarray:
    """The matrix (size, n) float32 from voxels to sample voxels along one axis.

    The first of ``n`` voxels begins at ``start``, in voxels from the middle of the cube; a voxel is
    ``width`` sample voxels wide.
    """
    edges = (np.arange(size + 1) - size / 2) / width
    distance = edges[:, None] - (start + 0.5 + np.arange(n))
    near = np.clip(distance, -1, 1)
    integral = 0.5 + near - near * np.abs(near) / 2
    return (width * np.diff(integral, axis=0)).astype(np.float32)


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
    n_channels, nz, ny, nx = values.shape
    lines, used = resample_lines(values.reshape(-1, nx), x)
    planes = np.zeros((n_channels * nz, len(y), len(x)), np.float32)
    used = used.reshape(-1, ny)
    add_planes(lines.reshape(len(planes), ny, len(x)), used, y, planes)
    cubes = np.zeros((n_channels, len(z), len(y) * len(x)), np.float32)
    filled = used.any(axis=1).reshape(n_channels, nz)
    add_planes(planes.reshape(n_channels, nz, -1), filled, z, cubes)
    total[:, *rows] += cubes.reshape(n_channels, len(z), len(y), len(x))


def touched(weights: np.ndarray) -> slice:
    """The rows from the first to the last that is not all zero."""
    touched = np.flatnonzero(weights.any(axis=1))
    return slice(touched[0], touched[-1] + 1) if len(touched) else slice(0, 0)
