"""All sums over the voxels of a block that a table of objects needs, in one pass over its runs."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.contacts import (
    Pairs,
    add_shared,
    add_touching,
    add_touching_along,
    no_pairs,
)
from morphoflow.organelles.lookup import Lookup, empty_lookup, row_of, with_room
from morphoflow.organelles.runs import find_runs

# Columns of the moments; sums are over voxel indices counted from the block's corner.
VOXELS, SUMS, PRODUCTS, START, STOP, ANCHOR, COLUMNS = 0, 1, 4, 10, 13, 16, 19
BACKGROUND = np.uint64(0)


class BlockCounts(NamedTuple):
    """What was counted in a block.

    ``moments`` (rows, 19) int64 and ``intensity`` (rows, 2: sums of v and of its square) belong to
    the labels of ``lookup``; row 0 is the background and empty, as are labels that only lie beside
    the block. ``contacts`` count faces across z, y and x, ``shared`` voxels by label and class.
    """

    lookup: Lookup
    moments: np.ndarray
    intensity: np.ndarray
    contacts: Pairs
    class_lookup: Lookup
    shared: Pairs


@njit(cache=True, nogil=True)
def count_block(labels, em, classes, below_z, below_y, below_x, zero) -> BlockCounts:
    """Count a block of ``labels`` and ``em`` (z, y, x), and ``classes`` where that is not empty.

    ``below_z`` (y, x), ``below_y`` (z, x) and ``below_x`` (z, y) are the labels just below the
    block along each axis, empty where the volume begins. ``zero`` (0 or 0.0) is of the type in
    which intensities are to be summed.
    """
    depth, height, width = labels.shape
    lookup, class_lookup = _only_background(), _only_background()
    contacts, shared = no_pairs(3), no_pairs(1)
    moments = np.zeros((256, COLUMNS), np.int64)
    intensity = np.full((256, 2), zero)
    squares = np.cumsum(np.arange(width + 1) ** 2) - np.arange(width + 1) ** 2
    below, lookup = find_runs(below_z, lookup)
    before, lookup = find_runs(below_y, lookup)
    beside = np.zeros((depth, height), np.int32)
    if below_x.size:
        beside, lookup = _rows_of(below_x, lookup)
    for z in range(depth):
        runs, lookup = find_runs(labels[z], lookup)
        if len(lookup.keys) > len(moments):
            moments = _lengthened(moments, len(lookup.keys))
            intensity = _lengthened(intensity, len(lookup.keys))
        _add_moments(runs.stops, runs.rows, runs.offsets, z, squares, moments)
        _add_intensity(runs.stops, runs.rows, runs.offsets, em[z], zero, intensity)
        if len(below.offsets) > 1:
            contacts = add_touching(below, runs, (0, 0, height), 0, contacts)
        if len(before.offsets) > 1:
            contacts = add_touching(before, runs, (z, 0, 1), 1, contacts)
        contacts = add_touching(runs, runs, (0, 1, height - 1), 1, contacts)
        contacts = add_touching_along(runs, beside[z], 2, contacts)
        if classes.size:
            class_runs, class_lookup = find_runs(classes[z], class_lookup)
            shared = add_shared(runs, class_runs, shared)
        below = runs
    return BlockCounts(lookup, moments, intensity, contacts, class_lookup, shared)


@njit(cache=True, nogil=True)
def _only_background() -> Lookup:
    lookup = empty_lookup(256)
    row_of(BACKGROUND, lookup.keys, lookup.slots, lookup.used)
    return lookup


@njit(cache=True, nogil=True)
def _rows_of(plane: np.ndarray, lookup: Lookup) -> tuple[np.ndarray, Lookup]:
    """The row of every label of a plane, (lines, x)."""
    rows = np.empty(plane.shape, np.int32)
    for i in range(plane.shape[0]):
        lookup = with_room(lookup, plane.shape[1])
        for k in range(plane.shape[1]):
            label = np.uint64(plane[i, k])
            rows[i, k] = row_of(label, lookup.keys, lookup.slots, lookup.used)
    return rows, lookup


@njit(cache=True, nogil=True)
def _lengthened(array: np.ndarray, n: int) -> np.ndarray:
    grown = np.zeros((n, array.shape[1]), array.dtype)
    grown[: len(array)] = array
    return grown


@njit(cache=True, nogil=True)
def _add_moments(stops, rows, offsets, z, squares, moments) -> None:
    """Add the runs of plane ``z``; ``squares`` holds the sum of k^2 over k below each x."""
    for y in range(len(offsets) - 1):
        start = 0
        for k in range(offsets[y], offsets[y + 1]):
            stop, row = stops[k], rows[k]
            if row != 0:
                n = stop - start
                sum_x = n * (start + stop - 1) // 2
                if moments[row, VOXELS] == 0:
                    moments[row, START] = moments[row, ANCHOR] = z
                    moments[row, START + 1] = moments[row, ANCHOR + 1] = y
                    moments[row, START + 2] = moments[row, ANCHOR + 2] = start
                moments[row, VOXELS] += n
                moments[row, SUMS] += n * z
                moments[row, SUMS + 1] += n * y
                moments[row, SUMS + 2] += sum_x
                moments[row, PRODUCTS] += n * z * z
                moments[row, PRODUCTS + 1] += n * z * y
                moments[row, PRODUCTS + 2] += z * sum_x
                moments[row, PRODUCTS + 3] += n * y * y
                moments[row, PRODUCTS + 4] += y * sum_x
                moments[row, PRODUCTS + 5] += squares[stop] - squares[start]
                moments[row, START + 1] = min(moments[row, START + 1], y)
                moments[row, START + 2] = min(moments[row, START + 2], start)
                moments[row, STOP] = z + 1
                moments[row, STOP + 1] = max(moments[row, STOP + 1], y + 1)
                moments[row, STOP + 2] = max(moments[row, STOP + 2], stop)
            start = stop


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_intensity(stops, rows, offsets, em, zero, intensity) -> None:
    """Add the sums over the runs of a plane of EM; those of floats are taken in any order."""
    for y in range(len(offsets) - 1):
        line = em[y]
        start = 0
        for k in range(offsets[y], offsets[y + 1]):
            stop, row = stops[k], rows[k]
            if row != 0:
                total, squares = zero, zero
                # An unsigned index cannot count from the end, so the loop runs in vectors.
                for x in range(np.uint64(start), np.uint64(stop)):
                    value = line[x] + zero
                    total += value
                    squares += value * value
                intensity[row, 0] += total
                intensity[row, 1] += squares
            start = stop
