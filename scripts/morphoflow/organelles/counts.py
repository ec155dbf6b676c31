"""All sums over the voxels of a block that a table of objects needs, in one pass over its runs."""

from typing import NamedTuple

import numpy as np
from numba import njit

from morphoflow.organelles.contacts import (
    PairCounts,
    add_shared,
    add_touching,
    add_touching_along,
    no_pairs,
    pair_ids,
)
from morphoflow.organelles.lookup import Lookup, empty_lookup, row_of
from morphoflow.organelles.runs import LABEL, LINE, Runs, find_runs

# Columns of the moments; sums are over voxel indices counted from the block's corner.
VOXELS, SUMS, PRODUCTS, START, STOP, ANCHOR, COLUMNS = 0, 1, 4, 10, 13, 16, 19
BACKGROUND = np.uint64(0)


class BlockCounts(NamedTuple):
    """What was counted in a block.

    ``moments`` (n, 19) int64 and ``intensity`` (n, 2: sums of v and of its square) belong to the
    labels ``ids`` (n,). ``contacts`` count faces across z, y and x by two labels, ``shared`` voxels
    by label and class.
    """

    ids: np.ndarray
    moments: np.ndarray
    intensity: np.ndarray
    contacts: PairCounts
    shared: PairCounts


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
    runs, lookup = find_runs(labels, lookup)
    moments = np.zeros((lookup.used[0], COLUMNS), np.int64)
    intensity = np.full((len(moments), 2), zero)
    ids = lookup.keys[1 : len(moments)].copy()
    squares = np.cumsum(np.arange(width + 1) ** 2) - np.arange(width + 1) ** 2
    layer, lookup = _layer(below_z, (1, height, width), lookup)
    below = _plane(layer, 0)
    before, lookup = _layer(below_y, (depth, 1, width), lookup)
    beside, lookup = _rows_of(below_x, (depth, height), lookup)
    class_runs, class_lookup = find_runs(classes, class_lookup)
    for z in range(depth):
        plane = _plane(runs, z)
        _add_moments(plane, z, squares, moments)
        _add_intensity(plane, em[z], intensity)
        contacts = add_touching(below, plane, (width, 0), 0, contacts)
        contacts = add_touching(_plane(before, z), plane, (width, 0), 1, contacts)
        contacts = add_touching(plane, plane, (width, 1), 1, contacts)
        contacts = add_touching_along(plane, beside[z], 2, contacts)
        if classes.size:
            shared = add_shared(plane, _plane(class_runs, z), width, shared)
        below = plane
    faces = pair_ids(contacts, lookup, lookup)
    # Row 0 is the background, which has no runs.
    return BlockCounts(
        ids, moments[1:], intensity[1:], faces, pair_ids(shared, lookup, class_lookup)
    )


@njit(cache=True, nogil=True)
def _plane(runs: Runs, z: int) -> np.ndarray:
    """The table of the runs of a plane."""
    return runs.table[runs.planes[z] : runs.planes[z + 1]]


@njit(cache=True, nogil=True)
def _only_background() -> Lookup:
    lookup = empty_lookup(256)
    row_of(BACKGROUND, lookup.keys, lookup.slots, lookup.used)
    return lookup


@njit(cache=True, nogil=True)
def _layer(labels: np.ndarray, shape: tuple, lookup: Lookup) -> tuple[Runs, Lookup]:
    """The runs of a layer of labels in this ``shape``; none where the layer is empty."""
    if labels.size:
        return find_runs(labels.reshape(shape), lookup)
    return Runs(np.empty((0, 4), np.int32), np.zeros(shape[0] + 1, np.int64)), lookup


@njit(cache=True, nogil=True)
def _rows_of(labels: np.ndarray, shape: tuple, lookup: Lookup) -> tuple[np.ndarray, Lookup]:
    """The row of every label of a layer (z, y); zeros of this ``shape`` where it is empty."""
    runs, lookup = _layer(labels, (1, *shape), lookup)
    rows = np.zeros(shape, np.int32)
    for line, start, stop, row in _plane(runs, 0):
        rows[line, start:stop] = row
    return rows, lookup


@njit(cache=True, nogil=True)
def _add_moments(plane, z, squares, moments) -> None:
    """Add the runs of plane ``z``; ``squares`` holds the sum of k^2 over k below each x."""
    for k in range(len(plane)):
        y, start, stop = np.int64(plane[k, LINE]), np.int64(plane[k, 1]), np.int64(plane[k, 2])
        row = plane[k, LABEL]
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


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_intensity(plane, em, intensity) -> None:
    """Add the sums of ``em`` (y, x) over the runs of a plane; those of floats in any order."""
    number = intensity.dtype.type
    for k in range(len(plane)):
        line, row = plane[k, LINE], plane[k, LABEL]
        total, squares = number(0), number(0)
        # An unsigned index cannot count from the end, so the loop runs in vectors.
        for x in range(np.uint64(plane[k, 1]), np.uint64(plane[k, 2])):
            value = number(em[line, x])
            total += value
            squares += value * value
        intensity[row, 0] += total
        intensity[row, 1] += squares
