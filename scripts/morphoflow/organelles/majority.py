"""Coarser label volumes, in which a voxel has the number that most of its voxels have."""

import numpy as np
from numba import njit

from morphoflow.organelles.boxes import Triple


def majority(numbers: np.ndarray, factors: Triple) -> np.ndarray:
    """``numbers`` (z, y, x) with cells of ``factors`` voxels made one; the last may be cut short.

    Each of the ``factors`` is 1 or 2.
    Of equally frequent numbers the largest is taken, so that background gives way to objects.
    """
    if not set(factors) <= {1, 2}:
        raise ValueError(f"factors are {factors}, not 1 or 2 each")
    shape = [-(-n // f) for n, f in zip(numbers.shape, factors, strict=True)]
    out = np.empty(shape, numbers.dtype)
    _majority(numbers, factors, np.empty(np.prod(factors), numbers.dtype), out)
    return out


@njit(cache=True, nogil=True)
def _majority(numbers, factors, cell, out) -> None:
    depth, height, width = factors
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            planes = numbers[z * depth : (z + 1) * depth, y * height : (y + 1) * height]
            # Few cells are mixed; which, is found out by vector instructions.
            is_mixed = np.zeros(numbers.shape[2], np.uint8)
            for i in range(planes.shape[0]):
                for j in range(planes.shape[1]):
                    _mark_changes(planes[i, j], planes[0, 0], width, is_mixed)
            for x in range(out.shape[2]):
                first, stop = x * width, min((x + 1) * width, numbers.shape[2])
                out[z, y, x] = planes[0, 0, first]
                if is_mixed[first] or is_mixed[stop - 1]:
                    n = _gather(planes[:, :, first:stop], cell)
                    out[z, y, x] = _most_frequent(cell[:n])


@njit(cache=True, nogil=True)
def _mark_changes(line, reference, width, is_mixed) -> None:
    """Mark voxels that are not as those of the ``reference``, or not as the voxel before them."""
    for x in range(len(line)):
        is_mixed[x] |= line[x] != reference[x]
    if width > 1:
        for x in range(1, len(line)):
            is_mixed[x] |= line[x] != line[x - 1]


@njit(cache=True, nogil=True)
def _gather(block, cell) -> int:
    n = 0
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            for k in range(block.shape[2]):
                cell[n] = block[i, j, k]
                n += 1
    return n


@njit(cache=True, nogil=True)
def _most_frequent(cell):
    best, most = cell[0], 0
    for candidate in cell:
        count = 0
        for other in cell:
            count += candidate == other
        if count > most or (count == most and candidate > best):
            best, most = candidate, count
    return best
