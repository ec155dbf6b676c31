"""Anti-aliased resampling of a box of voxels to a cube, as one small matrix for each axis.

Between the centres of voxels values are interpolated linearly, and a sample voxel is the mean of
this over its extent. Scaled up that is linear interpolation, scaled down it is the mean over an
area, which is its own low-pass filter. Each voxel's weights add up to its length in sample voxels,
so that volume is conserved, and each sample voxel's weights to 1, so that constants stay.

The operation is linear and acts on each axis alone: what the pieces of a box contribute adds up.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numba import njit

from morphoflow.organelles.counting.order import STARTS, STOPS
from morphoflow.organelles.volumes.boxes import Box

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


# Products with matrices of narrow bands, as resampling has them, that skip what is zero.


@njit(cache=True, nogil=True)
def bands(weights: np.ndarray) -> np.ndarray:
    """From where to where each row of ``weights`` (m, n) is not zero, (m, 2) int64."""
    ranges = np.zeros((len(weights), 2), np.int64)
    for row in range(len(weights)):
        columns = np.flatnonzero(weights[row])
        if len(columns):
            ranges[row] = columns[0], columns[-1] + 1
    return ranges


@njit(cache=True, nogil=True, fastmath={"contract"})
def resample_lines(lines: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each of ``lines`` (k, n) times ``weights`` (m, n), (k, m), and which lines are not zero."""
    out = np.zeros((len(lines), len(weights)), lines.dtype)
    used = np.zeros(len(lines), np.bool_)
    columns = np.ascontiguousarray(weights.T)
    band = bands(columns)
    for i in range(len(lines)):
        line = lines[i]
        for x in range(len(line)):
            value = line[x]
            if value != 0:
                used[i] = True
                for row in range(band[x, 0], band[x, 1]):
                    out[i, row] += columns[x, row] * value
    return out, used


@njit(cache=True, nogil=True, fastmath={"contract"})
def add_lines(
    total: np.ndarray, lines: np.ndarray, used: np.ndarray, along_z: np.ndarray, along_y: np.ndarray
) -> None:
    """Add to ``total`` (c, k, m, x) the ``lines`` (c, z, y, x) times weights (k, z) and (m, y).

    Lines that are not ``used`` (c, z, y) are zero. One plane at a time, which stays in the cache.
    """
    columns = np.ascontiguousarray(along_z.T)
    band_y, band_z = bands(along_y), bands(columns)
    plane = np.empty((len(along_y), lines.shape[3]), lines.dtype)
    for channel in range(len(lines)):
        for z in range(len(columns)):
            if used[channel, z].any():
                _plane(lines[channel, z], used[channel, z], along_y, band_y, plane)
                for row in range(band_z[z, 0], band_z[z, 1]):
                    weight = columns[z, row]
                    for y in range(len(plane)):
                        for x in range(plane.shape[1]):
                            total[channel, row, y, x] += weight * plane[y, x]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _plane(lines, used, weights, band, out) -> None:
    """What the ``lines`` (y, x) of a plane are, times ``weights`` (m, y), in ``out`` (m, x)."""
    out[:] = 0
    for row in range(len(weights)):
        for y in range(band[row, 0], band[row, 1]):
            if used[y]:
                for x in range(out.shape[1]):
                    out[row, x] += weights[row, y] * lines[y, x]


# How large an object becomes in its sample volume; none is ever cut.


@dataclass(frozen=True)
class VolumeSettings:
    """How sample volumes are cut.

    ``size`` is the side of the cube in voxels. With ``scale`` ``object`` the longest side of each
    object's box takes the share ``fill`` of the cube. With ``fixed`` a voxel is ``voxel_nm`` long
    in all samples, and an object that does not fit is scaled down as with ``object``; without
    ``voxel_nm`` it is as fine as the largest object allows. ``background``: outside of the object
    the EM is set to zero (``mask``) or kept (``keep``).
    """

    size: int
    scale: Literal["fixed", "object"]
    fill: float
    background: Literal["mask", "keep"]
    voxel_nm: float | None = None


def volume_scales(
    objects: pd.DataFrame, voxel_size_nm: tuple[float, float, float], settings: VolumeSettings
) -> np.ndarray:
    """The side of a sample voxel in nm, (n,) float32, at which each object is whole in its cube.

    ``objects`` are all objects of the volume, on which a fixed scale depends.
    """
    voxel = np.asarray(voxel_size_nm)
    sides = (objects[STOPS].to_numpy() - objects[STARTS].to_numpy()) * voxel
    # Interpolation spreads an object of few voxels, which must not reach out of the cube either.
    least = (sides + 2 * OVERHANG * voxel).max(axis=1) / settings.size
    return chosen_scales(sides.max(axis=1), least, settings)


def chosen_scales(longest: np.ndarray, least: np.ndarray, settings: VolumeSettings) -> np.ndarray:
    """The scales (n,) float32 of objects with ``longest`` sides (n,) in nm, at ``least`` (n,)."""
    filling = np.maximum(longest / (settings.fill * settings.size), least)
    if settings.scale == "fixed" and settings.voxel_nm is None:
        filling[:] = filling.max()
    elif settings.scale == "fixed":
        filling[least <= settings.voxel_nm] = settings.voxel_nm
    return filling.astype(np.float32)
