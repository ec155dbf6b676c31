"""A volume on a grid whose voxels are whole multiples or fractions of its own."""

import numpy as np
from numba import njit

from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.volume import Volume

# Of a finer volume, at most about this many bytes are read at once to be averaged.
PIECE_BYTES = 32 << 20
TOLERANCE = 0.01

Ratios = tuple[tuple[int, int], ...]


def voxel_ratio(voxel: float, other: float) -> tuple[int, int] | None:
    """``(n, 1)`` if n of the ``other`` voxels make one, ``(1, n)`` the other way, within 1 %."""
    quotient = max(voxel, other) / min(voxel, other)
    n = round(quotient)
    if abs(quotient - n) > TOLERANCE * n:
        return None
    return (n, 1) if other <= voxel else (1, n)


def ratio(length: int, other: int, voxel: float | None, other_voxel: float | None):
    """How two axes that begin together fit, as :func:`voxel_ratio` says it.

    None if they do not: the voxel sizes are no whole multiple (where both are known), or the
    lengths differ by a whole coarse voxel or more.
    """
    if voxel is not None and other_voxel is not None:
        fitting = voxel_ratio(voxel, other_voxel)
    else:
        n = round(max(length, other) / min(length, other))
        fitting = (n, 1) if other >= length else (1, n)
    if fitting is None:
        return None
    n, up = fitting
    return fitting if abs(other * up - length * n) < n * up else None


class RegriddedVolume:
    """A volume as voxels of another grid.

    Where ``ratios`` say ``(n, 1)``, n of its voxels along the axis make one, the mean of their
    box, rounded in integer types; at ``(1, n)``, each of its voxels is n. The grid begins ``start``
    of the finer of both voxels after the volume, or before it where that is negative. At the far
    end, coarse voxels average what there is of them; the first and the last voxel stand for those
    beyond them.
    """

    def __init__(
        self, volume: Volume, shape: Triple, ratios: Ratios, start: Triple = (0, 0, 0)
    ) -> None:
        self.path, self.dtype = volume.path, volume.dtype
        self.shape, self.offset = shape, None
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
        # Finer voxels that are left when the grid is shifted by whole ones of its own.
        self._start = tuple(s % n for s, n in zip(start, self._means, strict=True))
        self._shift = tuple(s // n for s, n in zip(start, self._means, strict=True))

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``."""
        ends = [self._range(axis, box) for axis in range(3)]
        indices = [own // up for own, up in zip(ends, self._repeats, strict=True)]
        lengths = zip(self._volume.shape, self._means, self._start, strict=True)
        limits = [-(-(n - start) // mean) for n, mean, start in lengths]
        indices = [np.clip(own, 0, limit - 1) for own, limit in zip(indices, limits, strict=True)]
        start = tuple(int(own[0]) for own in indices)
        means = self._averaged(Box(start, tuple(int(own[-1]) + 1 for own in indices)))
        if self._repeats == (1, 1, 1) and means.shape == box.shape:
            return means
        return means[np.ix_(*(own - own[0] for own in indices))]

    def _range(self, axis: int, box: Box) -> np.ndarray:
        return np.arange(box.start[axis], box.stop[axis]) + self._shift[axis]

    def _averaged(self, box: Box) -> np.ndarray:
        """Means of the boxes of ``_means`` voxels, in a box of the grid of these boxes."""
        if self._means == (1, 1, 1):
            return self._volume.read(box)
        values = np.empty(box.shape, self.dtype)
        average = box_means_float if self.dtype.kind == "f" else box_means_integer
        for piece in blocks(box, self._piece(box)):
            start = self._in_finer(piece.start)
            stop = tuple(map(min, self._in_finer(piece.stop), self._volume.shape))
            average(self._volume.read(Box(start, stop)), self._means, values[piece.within(box)])
        return values

    def _in_finer(self, voxel: Triple) -> Triple:
        """Where a box of ``_means`` voxels begins in the volume."""
        steps = zip(voxel, self._means, self._start, strict=True)
        return tuple(n * mean + start for n, mean, start in steps)

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
