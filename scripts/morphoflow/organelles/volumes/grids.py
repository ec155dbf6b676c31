"""A volume on a grid whose voxels are whole multiples or fractions of its own."""

import numpy as np
from numba import njit

from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.volume import Volume

# Of a finer volume, at most about this many bytes are read at once to be averaged.
PIECE_BYTES = 32 << 20
TOLERANCE = 0.01

Ratios = tuple[tuple[int, int], ...]


def ratio(length: int, other: int, voxel: float | None, other_voxel: float | None):
    """How two axes fit: ``(n, 1)`` if n voxels of the other make one, ``(1, n)`` the other way.

    None if neither does: the voxel sizes are no whole multiple within 1 % (where both are known),
    or the lengths differ by a whole coarse voxel or more.
    """
    finer = other >= length if voxel is None or other_voxel is None else other_voxel <= voxel
    coarse, fine = (length, other) if finer else (other, length)
    if voxel is None or other_voxel is None:
        n = round(fine / coarse)
    else:
        quotient = max(voxel, other_voxel) / min(voxel, other_voxel)
        n = round(quotient)
        if abs(quotient - n) > TOLERANCE * n:
            return None
    if abs(fine - n * coarse) >= n:
        return None
    return (n, 1) if finer else (1, n)


class RegriddedVolume:
    """A volume as voxels of another grid.

    Where ``ratios`` say ``(n, 1)``, n of its voxels along the axis make one, the mean of their
    box, rounded in integer types; at ``(1, n)``, each of its voxels is n. At the far end, coarse
    voxels average what there is of them, and the last voxel stands for those beyond it.
    """

    def __init__(self, volume: Volume, shape: Triple, ratios: Ratios) -> None:
        self.path, self.dtype = volume.path, volume.dtype
        self.shape = shape
        self.chunks = tuple(
            min(max(1, chunk * up // n), length)
            for chunk, (n, up), length in zip(volume.chunks, ratios, shape, strict=True)
        )
        size = volume.voxel_size_nm
        self.voxel_size_nm = size and tuple(
            s * n / up for s, (n, up) in zip(size, ratios, strict=True)
        )
        self._volume = volume
        self._means = tuple(n for n, _ in ratios)
        self._repeats = tuple(up for _, up in ratios)

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        ends = [self._range(axis, box) for axis in range(3)]
        indices = [own // up for own, up in zip(ends, self._repeats, strict=True)]
        limits = [-(-n // mean) for n, mean in zip(self._volume.shape, self._means, strict=True)]
        indices = [np.minimum(own, limit - 1) for own, limit in zip(indices, limits, strict=True)]
        start = tuple(int(own[0]) for own in indices)
        means = self._averaged(Box(start, tuple(int(own[-1]) + 1 for own in indices)))
        if self._repeats == (1, 1, 1) and means.shape == box.shape:
            return means
        return means[np.ix_(*(own - own[0] for own in indices))]

    def _range(self, axis: int, box: Box) -> np.ndarray:
        return np.arange(box.start[axis], box.stop[axis])

    def _averaged(self, box: Box) -> np.ndarray:
        """Means of the boxes of ``_means`` voxels, in a box of the grid of these boxes."""
        if self._means == (1, 1, 1):
            return self._volume.read(box)
        values = np.empty(box.shape, self.dtype)
        average = box_means_float if self.dtype.kind == "f" else box_means_integer
        for piece in blocks(box, self._piece(box)):
            start = tuple(a * n for a, n in zip(piece.start, self._means, strict=True))
            stop = tuple(
                min(b * n, length)
                for b, n, length in zip(piece.stop, self._means, self._volume.shape, strict=True)
            )
            average(self._volume.read(Box(start, stop)), self._means, values[piece.within(box)])
        return values

    def _piece(self, box: Box) -> Triple:
        """How much of a box is averaged at once: as many of its planes as keep within the bytes."""
        plane = int(np.prod(self._means, dtype=np.int64)) * box.shape[1] * box.shape[2]
        planes = max(1, PIECE_BYTES // (plane * self.dtype.itemsize))
        return (planes, max(1, box.stop[1]), max(1, box.stop[2]))


@njit(cache=True, inline="always")
def _box_sum(values, factors, z, y, x, zero):
    """Sum and number of the values in a box, cut at the ends of the array."""
    total, count = zero, 0
    for k in range(z * factors[0], min((z + 1) * factors[0], values.shape[0])):
        for j in range(y * factors[1], min((y + 1) * factors[1], values.shape[1])):
            for i in range(x * factors[2], min((x + 1) * factors[2], values.shape[2])):
                total += values[k, j, i]
                count += 1
    return total, count


@njit(cache=True)
def box_means_integer(values, factors, means):
    """Fill ``means`` with the means of boxes of integers, rounded half up."""
    for z in range(means.shape[0]):
        for y in range(means.shape[1]):
            for x in range(means.shape[2]):
                total, count = _box_sum(values, factors, z, y, x, np.int64(0))
                means[z, y, x] = (2 * total + count) // (2 * count)


@njit(cache=True)
def box_means_float(values, factors, means):
    """Fill ``means`` with the means of boxes of real numbers."""
    for z in range(means.shape[0]):
        for y in range(means.shape[1]):
            for x in range(means.shape[2]):
                total, count = _box_sum(values, factors, z, y, x, np.float64(0))
                means[z, y, x] = total / count
